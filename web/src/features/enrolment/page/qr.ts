/** Finds a QR code in a picture: by the browser itself where it can, else by our own decoder, loaded when wanted. */
import type { decodeQR } from 'qr/decode.js';

type Source = HTMLVideoElement | ImageBitmap;

interface Detector {
  detect(source: Source): Promise<readonly { readonly rawValue: string }[]>;
}

interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

function isDetectorClass(value: unknown): value is DetectorClass {
  return typeof value === 'function' && 'getSupportedFormats' in value;
}

let native: Promise<Detector | undefined> | undefined;
let decoder: Promise<typeof decodeQR> | undefined;

async function findNative(): Promise<Detector | undefined> {
  const found: unknown = Reflect.get(globalThis, 'BarcodeDetector');
  if (!isDetectorClass(found)) return undefined;
  // Some browsers have the class and no format behind it.
  const formats = await found.getSupportedFormats().catch((): readonly string[] => []);
  return formats.includes('qr_code') ? new found({ formats: ['qr_code'] }) : undefined;
}

function ownDecoder(): Promise<typeof decodeQR> {
  decoder ??= import('qr/decode.js').then((module) => module.decodeQR);
  // What failed for want of a network may be had later.
  decoder.catch(() => {
    decoder = undefined;
  });
  return decoder;
}

/** Gets the decoder while the camera still starts. */
export function prepare(): void {
  native ??= findNative();
  void native.then((found) => (found ? undefined : ownDecoder())).catch(() => undefined);
}

/** The text of a QR code, or nothing. `longest` is the side to which the picture is drawn down before. */
export async function decode(source: Source, longest: number): Promise<string | undefined> {
  native ??= findNative();
  const detector = await native;
  if (detector) {
    const seen = await detector.detect(source).catch(() => undefined);
    if (seen) return seen[0]?.rawValue;
    // It is there and does not work: never ask it again.
    native = Promise.resolve(undefined);
  }
  const image = draw(source, longest);
  if (!image) return undefined;
  const read = await ownDecoder();
  try {
    return read(image, { format: 'RGBA' });
  } catch {
    // It throws where there is no code to be read.
    return undefined;
  }
}

let canvas: HTMLCanvasElement | undefined;

function draw(source: Source, longest: number): ImageData | undefined {
  const isVideo = source instanceof HTMLVideoElement;
  const [width, height] = isVideo ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  if (width === 0 || height === 0) return undefined;
  const scale = Math.min(1, longest / Math.max(width, height));
  canvas ??= document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return undefined;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
