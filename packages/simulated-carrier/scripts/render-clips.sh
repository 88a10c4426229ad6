#!/bin/sh
# Renders what the phones say into ../audio as 8 kHz µ-law WAV. The results are committed; run this only to change them.
# Needs: apt-get install flite sox
set -eu
audio="$(cd "$(dirname "$0")/.." && pwd)/audio"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$audio"

# speak NAME VOICE SECONDS SENTENCE…: SECONDS is the length aimed at; the tempo is bent by at most a quarter.
# Band and level are those of a telephone: 200–3400 Hz, peaks at −6 dBFS.
speak() {
  name=$1 voice=$2 wanted=$3
  shift 3
  flite -voice "$voice" -t "$*" -o "$work/raw.wav"
  sox "$work/raw.wav" "$work/trimmed.wav" silence 1 0.02 0.5% reverse silence 1 0.02 0.5% reverse
  tempo=$(soxi -D "$work/trimmed.wav" | awk -v wanted="$wanted" '{ t = $1 / wanted; print (t < 0.8 ? 0.8 : t > 1.25 ? 1.25 : t) }')
  sox "$work/trimmed.wav" -r 8000 -c 1 "$work/$name.wav" tempo -s "$tempo" highpass 200 lowpass 3400 gain -n -6
  publish "$name"
}

publish() {
  sox "$work/$1.wav" -r 8000 -c 1 -e u-law -b 8 "$audio/$1.wav"
}

speak hello slt 0.8 'Hello? Yes?'
speak business-greeting rms 3 'Good morning, Harbor Street Bicycles, how can I help you?'
speak voicemail-greeting slt 8 'Hi, you have reached Dana Whitfield. I cannot come to the phone right now. Please leave your name,' \
  'your number and a short message after the tone, and I will call you back as soon as I can.'
speak voicemail-greeting-short rms 4 'You have reached the Rowan family. We are out. Leave a message after the beep.'

# A street, at −45 dBFS RMS; -R makes the noise the same each time. The phone repeats it after its hello.
sox -R -n -r 8000 -c 1 "$work/street-noise.wav" synth 4 pinknoise highpass 200 lowpass 3400
level=$(sox "$work/street-noise.wav" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
sox "$work/street-noise.wav" "$work/levelled.wav" gain "$(awk -v level="$level" 'BEGIN { print -45 - level }')"
mv "$work/levelled.wav" "$work/street-noise.wav"
publish street-noise

# The hello in that street, with some of it before the first word.
sox "$work/hello.wav" "$work/padded.wav" pad 0.3 0.2
sox -m -v 1 "$work/padded.wav" -v 1 "$work/street-noise.wav" "$work/hello-in-street.wav" trim 0 "$(soxi -D "$work/padded.wav")"
publish hello-in-street

ls -l "$audio"
