// Soft sounds, made here: no file, and nothing before the page was touched, as browsers want it.

let context = null;
const wake = () => {
  context ??= new AudioContext();
  context.resume();
};
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake, { once: true });

const play = (notes, loudness) => {
  if (context?.state !== "running") return;
  notes.forEach((frequency, place) => {
    const begin = context.currentTime + place * 0.18;
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(loudness, begin + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.4);
    tone.connect(volume).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.42);
  });
};

export const soft = () => play([659, 880], 0.12);
export const urgent = () => play([880, 698, 880, 698], 0.3);
