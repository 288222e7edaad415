// The demo's page: four smileys to press, and what the broker passed on, as it comes.

/** How long a thanks stays, milliseconds. */
const THANKS_MS = 2500;
/** Lines in the list of events. */
const MOST_EVENTS = 100;
/** People the sketch has room for. */
const MOST_PEOPLE = 5;

const at = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("[data-face]")];
const SVG = "http://www.w3.org/2000/svg";
let names = ["1", "2", "3", "4"];
let k = 0;

/* Presses: felt at once, thanked when the press is on disk. */

let quiet;
function say(text, kind) {
  clearTimeout(quiet);
  at("thanks").textContent = text;
  at("thanks").dataset.kind = kind;
  if (kind === "good")
    quiet = setTimeout(() => {
      at("thanks").textContent = "";
    }, THANKS_MS);
}

async function press(index) {
  const button = buttons[index];
  for (const other of buttons) other.classList.remove("felt", "thanked");
  button.classList.add("felt");
  say("Felt…", "wait");
  try {
    const response = await fetch("/press", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ button: names[index] }),
    });
    const answer = await response.json();
    if (!response.ok) say(`Not taken: ${answer.error}. Please press again.`, "bad");
    else if (answer.thanks) {
      button.classList.add("thanked");
      setTimeout(() => button.classList.remove("thanked"), THANKS_MS);
      say("Thank you!", "good");
    } else say("Taken, but not on disk yet.", "wait");
  } catch {
    say("The demo does not answer. Is it still running?", "bad");
  } finally {
    button.classList.remove("felt");
  }
}

buttons.forEach((button, index) => {
  button.addEventListener("click", () => press(index));
});
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const index = ["1", "2", "3", "4"].indexOf(event.key);
  if (index >= 0) press(index);
});

/* What comes from the broker. Everything is set as text, never as markup. */

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function showEvent({ seq, type, time, sentence }) {
  const list = at("events");
  // A page that opened anew is told the last ones again.
  if (list.querySelector(`[data-seq="${Number(seq)}"]`)) return;
  const item = document.createElement("li");
  item.dataset.seq = seq;
  item.dataset.type = type;
  item.className = "new";
  const clock = element("time", "", new Date(time).toLocaleTimeString("en-GB"));
  clock.dateTime = time;
  const what = element("span", "what", "");
  what.append(element("span", "type", type), ` ${sentence}`);
  item.append(clock, what, element("span", "seq", `#${seq}`));
  list.prepend(item);
  while (list.children.length > MOST_EVENTS) list.lastElementChild.remove();
  at("no-events").hidden = true;
}

function showFigures({ presses, contacts, mood, moodsHeldBack, present }) {
  at("presses").textContent = presses;
  at("answered").textContent = contacts.answered;
  at("silent").textContent = contacts.silent;
  if (mood?.smile !== undefined) {
    at("smile").textContent = mood.smile.toFixed(2);
    at("smile-why").textContent = `over ${mood.people} people`;
    at("scale-mark").style.left = `${Math.round(mood.smile * 100)}%`;
    at("scale").hidden = false;
  } else if (moodsHeldBack > 0) at("smile-why").textContent = `held back below ${k} people`;
  showPeople(present);
}

function showPeople(count) {
  const figures = Array.from({ length: Math.min(count, MOST_PEOPLE) }, (_, i) => {
    const figure = document.createElementNS(SVG, "use");
    figure.setAttribute("href", "#person");
    figure.setAttribute("x", 250 - 52 * i);
    figure.setAttribute("y", 106);
    return figure;
  });
  at("people").replaceChildren(...figures);
  at("till-says").textContent =
    count === 0 ? "Nobody at the till" : count === 1 ? "1 person at the till" : `${count} people at the till`;
}

function showLine(state, text) {
  at("line").dataset.state = state;
  at("line-text").textContent = text;
}

function showStages(stages) {
  const items = Object.entries(stages).map(([name, { state, message, hint }]) => {
    const item = element("li", "", `${name} ${state}`);
    item.dataset.state = state;
    if (message) item.append(element("span", "hint", `${message}. ${hint ?? ""}`));
    return item;
  });
  at("stages").replaceChildren(...items);
}

const STATES = {
  status: ({ state }) => (state === "online" ? showLine("ok", "device online") : showLine("stopped", "device offline")),
  "state/delivery": ({ head, done }) => {
    at("delivered").textContent = done;
    at("delivered-why").textContent = `of ${head} events`;
  },
  "state/health": ({ stages }) => showStages(stages),
};

let over = false;
const live = new EventSource("/live");
const on = (name, show) => live.addEventListener(name, ({ data }) => show(JSON.parse(data)));
on("setting", (setting) => {
  at("question").textContent = setting.question;
  names = setting.buttons;
  k = setting.k;
});
on("event", showEvent);
on("figures", showFigures);
on("state", ({ name, value }) => STATES[name]?.(value));
on("lamp", ({ pattern }) => {
  at("lamp").dataset.pattern = pattern;
});
on("end", () => {
  over = true;
  live.close();
  showLine("stopped", "the demo is over");
  for (const button of buttons) button.disabled = true;
});
live.addEventListener("error", () => {
  if (!over) showLine("degraded", "the demo does not answer");
});
