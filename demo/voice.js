// Talking and listening, the browser's half: the microphone's sound goes to demo/live.py piece by
// piece, and a spoken reply is played sentence by sentence. Runs once, with what Gradio gives to
// gr.HTML: element, props, server (the Python functions), trigger (starts an event) and watch
// (notes new values).

const pill = element.querySelector(".ms-voice");
const part = (name) => pill.querySelector(`.ms-voice-${name}`);
const [state, words, stop] = ["state", "words", "stop"].map(part);
const PIECE = 0.2;  // seconds of sound sent at once
const QUICK = 0.1;  // the same while somebody speaks, who may end or be interrupted
const SAID = 2000;  // characters of a reply that are sent, for an echo to be known by
const word = window.msWord;  // in the page's language, see page.js
const NAMES = {
  listening: word("listening"), hearing: word("listening"), thinking: word("step_think"),
  speaking: word("speaking"),
};
const PATIENCE = 15000;  // ms, for the first sign of a reply

// -- what is shown ----------------------------------------------------------------------------

function show(text) {
  const busy = player.sounding ? "speaking" : ear && answering() ? "thinking" : "";
  const now = busy || (ear ? (text ? "hearing" : "listening") : "off");
  if (pill.dataset.state !== now) {
    pill.dataset.state = now;
    state.textContent = NAMES[now] ?? "";
  }
  stop.hidden = now !== "speaking";
  if (words.textContent !== (text ?? "")) words.textContent = text ?? "";
}

function problem(sentence) {
  const box = document.querySelector("#hands-free input");
  if (box?.checked) box.click();
  pill.dataset.state = "problem";
  state.textContent = sentence;
}

// -- the spoken reply -------------------------------------------------------------------------

const player = {
  context: null, sources: new Set(), begun: [], loading: 0, ends: 0, run: 0, chain: Promise.resolve(),
  held: false,  // waits, since the customer may be speaking
  get sounding() { return this.sources.size > 0; },

  // Pieces load beside each other and start in their order, without a seam: at the rate that they
  // have, since none is then converted by itself.
  say(url, here) {
    const run = this.run;
    const wav = here ? Promise.resolve(unpacked(here)) : fetch(url).then((answer) => answer.arrayBuffer());
    const loaded = wav.then((content) => this.read(content));
    loaded.catch(() => {});
    this.loading += 1;
    this.chain = this.chain.then(async () => {
      const buffer = await loaded;
      if (run !== this.run) return;
      if (this.held) this.context.suspend(); else this.context.resume();
      this.start(buffer);
    }).catch((error) => console.warn("a sentence was not played:", error)).finally(() => {
      this.loading -= 1;
      show();
    });
  },

  // 16-bit samples behind 44 bytes, which Audio.wav writes: the browser's own decoder takes longer.
  read(wav) {
    const rate = new DataView(wav).getUint32(24, true), whole = new Int16Array(wav, 44);
    this.context ??= new AudioContext({ sampleRate: rate });
    const buffer = new AudioBuffer({ length: whole.length, sampleRate: rate });
    buffer.copyToChannel(Float32Array.from(whole, (sample) => sample / 32768), 0);
    return buffer;
  },

  start(buffer) {
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.context.destination);
    source.onended = () => { this.sources.delete(source); show(); };
    const begins = Math.max(this.context.currentTime, this.ends);
    this.ends = begins + buffer.duration;
    this.sources.add(source);
    this.begun.push([begins, buffer.duration]);
    source.start(begins);
    show();
  },

  // Seconds of the reply that were played.
  get heard() {
    const now = this.context?.currentTime ?? 0;
    const played = ([begins, lasts]) => Math.min(lasts, Math.max(0, now - begins));
    return this.begun.reduce((sum, piece) => sum + played(piece), 0);
  },

  hold(waits) {
    if (this.held === waits) return;
    this.held = waits;
    if (waits) this.context?.suspend(); else this.context?.resume();
  },

  silence() {
    this.run += 1;
    this.ends = 0;
    this.hold(false);
    for (const source of this.sources) { source.onended = null; source.stop(); }
    this.sources.clear();
    this.begun = [];
    show();
  },
};

// awaited: not over yet. asked: by voice, and not begun. quiet: what comes is not played.
// unwanted: the next one will be quiet.
// early: the customer spoke on before it was heard, so the turn before was not over. heard: seconds
// of it, where it was interrupted.
const reply = {
  turn: 0, played: 0, awaited: false, asked: false, quiet: false, unwanted: false, early: false,
  heard: null,
};
const answering = () => reply.awaited || player.loading > 0 || player.sounding;

// The value is {turn, sounds: [{url}], fresh, said, over}: what there is of the latest reply, and in
// base64 the last of its sounds.
watch("value", () => {
  const { turn, sounds, fresh, over } = props.value;
  if (turn !== reply.turn) {
    player.silence();
    Object.assign(reply, {
      turn, played: 0, quiet: reply.unwanted, unwanted: false, asked: false, heard: null,
    });
  }
  for (let at = reply.played; at < sounds.length && !reply.quiet; at += 1) {
    player.say(sounds[at].url, fresh.at(at - sounds.length));
  }
  reply.played = sounds.length;
  reply.awaited = !over && Boolean(ear);
  show();
});

function silence() {
  if (player.sounding) reply.heard = player.heard;
  reply.quiet = true;
  player.silence();
}

stop.addEventListener("click", silence);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#box .stop-button")) silence();
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && player.sounding) silence();
});

// -- the microphone ---------------------------------------------------------------------------

const COLLECTOR = `registerProcessor("collector", class extends AudioWorkletProcessor {
  process([[samples]]) { if (samples) this.port.postMessage(samples.slice()); return true; }
});`;
let ear = null;  // the open microphone: {tab, stream, context, pieces, sending, speaking}

async function open() {
  if (!navigator.mediaDevices) {
    throw new Error(word("microphone_insecure"));
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: {
      channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true,
    },
  });
  // A new name each time: what was half said before it was switched off begins no turn.
  const random = [...crypto.getRandomValues(new Uint8Array(16))];
  const tab = random.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const opened = { tab, stream, pieces: [], sending: false, speaking: false };
  const module = URL.createObjectURL(new Blob([COLLECTOR], { type: "text/javascript" }));
  try {
    opened.context = new AudioContext({ sampleRate: 16000 });
    opened.source = opened.context.createMediaStreamSource(stream);
  } catch {  // Firefox converts no rates
    opened.context = new AudioContext();
    opened.source = opened.context.createMediaStreamSource(stream);
  }
  await opened.context.audioWorklet.addModule(module).catch((error) => {
    release(opened);
    throw error;
  });
  URL.revokeObjectURL(module);
  const collector = new AudioWorkletNode(opened.context, "collector");
  collector.port.onmessage = ({ data }) => { opened.pieces.push(data); send(opened); };
  opened.source.connect(collector);
  return opened;
}

function release(opened) {
  opened.stream.getTracks().forEach((track) => track.stop());
  opened.context.close();
}

function close() {
  if (ear) release(ear);
  ear = null;
  Object.assign(reply, { awaited: false, unwanted: reply.asked });
  silence();
}

// One piece is on its way at a time: what comes meanwhile makes the next one longer.
async function send(from) {
  const samples = from.pieces.reduce((sum, piece) => sum + piece.length, 0);
  const speaking = player.sounding || from.speaking;
  const least = (speaking ? QUICK : PIECE) * from.context.sampleRate;
  if (from !== ear || from.sending || samples < least) return;
  from.sending = true;
  const muted = answering();
  const sound = base64(from.pieces.splice(0), samples);
  try {
    const rate = from.context.sampleRate;
    const said = muted ? (props.value.said ?? "").slice(-SAID) : "";
    const heard = await server.hear({ tab: from.tab, rate, sound, knowledge: base(), muted, said, language: msWhere().language });
    if (from === ear) understand(heard, muted);
  } catch {
    problem(word("voice_lost"));
  }
  from.sending = false;
}

function understand(heard, muted) {
  if (heard.problem) return problem(heard.problem);
  if (muted) return heard.stops ? interrupt() : player.hold(heard.speaking);
  player.hold(false);
  ear.speaking = heard.speaking;
  pill.classList.toggle("ms-loud", heard.speaking);
  if (heard.ended) ask();
  show(heard.text);
}

const base = () => document.querySelector("#picker input:checked")?.value ?? "";

function interrupt() {
  reply.early = reply.awaited && (reply.asked || reply.played === 0);
  silence();
  Object.assign(reply, { awaited: false, unwanted: reply.asked });
  document.querySelector("#box .stop-button")?.click();
  show();
}

async function ask() {
  const { tab } = ear;
  reply.awaited = true;
  pill.classList.remove("ms-loud");
  await window.msFree();  // the page drops what is sent while a reply still ends
  Object.assign(reply, { asked: true, unwanted: ear?.tab !== tab });
  window.msSent();
  trigger("spoken", { tab, continues: reply.early, heard: reply.heard });
  reply.early = false;
  const turn = reply.turn;
  setTimeout(() => {
    if (reply.turn !== turn || !reply.awaited) return;
    reply.awaited = false;
    show();
  }, PATIENCE);
}

function base64(pieces, length) {
  const samples = new Int16Array(length);
  let at = 0;
  for (const piece of pieces) {
    for (const value of piece) samples[at++] = Math.max(-1, Math.min(1, value)) * 32767;
  }
  let bytes = "";
  for (const byte of new Uint8Array(samples.buffer)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

const unpacked = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

document.addEventListener("change", async (event) => {
  if (!event.target.matches?.("#hands-free input")) return;
  if (!event.target.checked) { close(); return; }
  try {
    const opened = await open();
    if (ear || !event.target.checked) {  // switched off, or on again, while the browser asked
      release(opened);
      return;
    }
    ear = opened;
    show();
  } catch (error) {
    const known = { NotAllowedError: "microphone_refused", NotFoundError: "microphone_missing" };
    problem(error.name in known ? word(known[error.name]) : error.message);
  }
});
