// Talks to the service. The token came with the address; it is kept for this tab alone, in a task pane on this computer, and is in no address that is asked.
const fromAddress = new URLSearchParams(location.hash.slice(1)).get("token");
if (fromAddress) {
  sessionStorage.setItem("token", fromAddress);
  history.replaceState?.(null, "", location.pathname);     // Office.js takes it away
}

/* From now on the token of an address is used, also when the pane opens again. */
export function signIn(address) {
  sessionStorage.removeItem("token");
  localStorage.setItem("token", address.includes("#token=") ? address.split("#token=")[1] : address);
}

const token = () => sessionStorage.getItem("token") || localStorage.getItem("token") || "";

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {...options, headers: {Authorization: `Bearer ${token()}`}});
  } catch {
    throw new Error("The service does not answer. Is it still running?");
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.error || `The service answers ${answer.status}.`);
  }
  return answer;
}

export const json = async (path, options) => (await ask(path, options)).json();

export const upload = file => json(`/api/books?name=${encodeURIComponent(file.name)}`, {method: "POST", body: file.body ?? file});

export const stop = job => json(`/api/jobs/${job}/stop`, {method: "POST"});

/* Starts a job and follows it to its end; `told(event)` is called with what it tells, `began(id)` with its id. Gives its result. */
export async function run(asked, {told = () => {}, began = () => {}} = {}) {
  const {job} = await json("/api/jobs", {method: "POST", body: JSON.stringify(asked)});
  began(job);
  const reader = (await ask(`/api/jobs/${job}/events`)).body.pipeThrough(new TextDecoderStream()).getReader();
  let pieces = [];        // of events that are not whole yet; they are joined once, since a large sheet comes in many
  for (;;) {
    const {value, done} = await reader.read();
    if (done) throw new Error("The service ended while the job ran. Start it again.");
    const ends = ((pieces.at(-1) ?? "").slice(-1) + value).includes("\n\n");
    pieces.push(value);
    if (!ends) continue;
    const parts = pieces.join("").split("\n\n");
    pieces = [parts.pop()];
    for (const part of parts) {
      const data = part.match(/^data: (.*)$/m);
      if (!data) continue;
      const event = JSON.parse(data[1]);
      if (!part.includes("event: over")) told(event);
      else if (event.result.error) throw new Error(event.result.error);
      else return {...event.result, stopped: event.state === "stopped"};
    }
  }
}
