"""The command `addin`: a menu for any open workbook, in LibreOffice and in Excel."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command
from solver.errors import UserError

_TO_WRITE = {       # what is written -> what one does with it
    "oxt": "Open it in LibreOffice, which installs it, and start LibreOffice anew.",
    "xlam": "In Excel: File > Options > Add-ins > Go, Browse, and choose it (Mac: Tools > Excel Add-ins). It was never tried in Excel.",
    "pane": "Start the service at that address, and add the file to Excel: docs/add-ins.md says how, for Windows, Mac and the web. It was never tried in Excel.",
}
_ENDINGS = {"pane": ".xml"}     # where it is not the word itself


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["install", "uninstall", *_TO_WRITE],
                        help="install or uninstall: put the menu into LibreOffice, or take it out; oxt: write the extension to a file, which LibreOffice "
                             "installs when it is opened; xlam: write an add-in for Excel; pane: write the manifest of a task pane for Excel, which a service of "
                             "`collabsheet serve` shows; neither was tried there")
    parser.add_argument("-o", "--output", metavar="OUT", help="with oxt, xlam and pane: the file to write")
    parser.add_argument("--server", metavar="URL", help="with pane: the address of the service (default https://localhost:8365/)")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--profile", metavar="DIR", help="with install and uninstall: the folder of LibreOffice's settings (default: the usual one)")


def _addin(args: argparse.Namespace, say: Say) -> dict:
    if args.server and args.action != "pane":
        raise UserError(f"--server is for pane: {args.action} needs no service. Leave it out.")
    if args.action in _TO_WRITE:
        return _written(args, say)
    if args.output or args.overwrite:
        raise UserError(f"-o and --overwrite are for a file that is written, and {args.action} writes none. Leave them out.")
    from workbook.addins.install_extension import install_extension, uninstall_extension

    profile = Path(args.profile) if args.profile else None
    if args.action == "install":
        install_extension(sys.executable, profile=profile)
        say("Installed. Start LibreOffice anew: every spreadsheet has a menu Collabsheet and a toolbar, with Fit, Stop, Restore and Inspect.")
        return {"installed": True}
    gone = uninstall_extension(profile=profile)
    say("Uninstalled. The menu is gone when LibreOffice starts anew." if gone else "It was not installed: there was nothing to do.")
    return {"uninstalled": gone}


def _written(args: argparse.Namespace, say: Say) -> dict:
    from workbook.new_file import new_file

    ending = _ENDINGS.get(args.action, f".{args.action}")
    if not args.output:
        raise UserError(f"The file has no name: say -o collabsheet{ending}.")
    if not args.output.lower().endswith(ending):
        raise UserError(f"'{args.output}' should end in {ending}: by that a program knows what it is.")
    if args.profile:
        raise UserError("--profile is for install and uninstall. Leave it out.")
    content = _content(args)
    with new_file(args.output, overwrite=args.overwrite) as draft:
        draft.write_bytes(content)
    say(f"Wrote {args.output}. {_TO_WRITE[args.action]}")
    return {"written": args.output}


def _content(args: argparse.Namespace) -> bytes:
    if args.action == "oxt":
        from workbook.addins.office_extension import office_extension

        return office_extension(sys.executable)
    if args.action == "xlam":
        from workbook.addins.excel_addin import excel_addin

        return excel_addin(sys.executable)
    from workbook.addins.task_pane import PANE_SERVICE, pane_manifest

    return pane_manifest(args.server or PANE_SERVICE).encode()


ADDIN = Command("addin", "Put a menu into LibreOffice, or write one for Excel, which fits whatever workbook is open there.", "collabsheet addin install", _arguments, _addin)
