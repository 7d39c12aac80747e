// What Microsoft's own tools say of a manifest: node check_manifest.js MANIFEST.xml FOLDER
import manifests from "office-addin-manifest";
import {convert} from "office-addin-manifest-converter";

const [xml, folder] = process.argv.slice(2);
const read = await manifests.OfficeAddinManifest.readManifestFile(xml), log = console.log;
console.log = () => {};     // the converter says what it does
await convert(xml, folder, false, null, null, false);
console.log = log;
const {isValid, report} = await manifests.validateManifest(`${folder}/manifest.json`);
log(JSON.stringify({read, isValid, report}));
