import { decode } from './qr.ts';

/** What a chosen file holds: the text of its QR code, none, or no picture at all. */
export type PictureText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'no_picture' };

/** A photo of a phone has many more pixels than a code needs; a screenshot of a whole desk may need them. */
const SIDES = [1000, 2000, 500] as const;
const LARGEST = 40_000_000;

export async function readPicture(file: Blob): Promise<PictureText> {
  if (file.size > LARGEST) return { kind: 'no_picture' };
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return { kind: 'no_picture' };
  }
  try {
    for (const side of SIDES) {
      const text = await decode(picture, side);
      if (text !== undefined && text !== '') return { kind: 'text', text };
    }
    return { kind: 'nothing' };
  } finally {
    picture.close();
  }
}
