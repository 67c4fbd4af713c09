import { describe, expect, it } from 'vitest';
import { type Bytes, utf8 } from '../protocol/bytes.ts';
import { events, rawEvents } from './event-stream.ts';
import { Failure } from './phones.ts';

async function* pieces(...all: Bytes[]): AsyncGenerator<Bytes> {
  yield* all;
}

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

const ID = 'AAAAAAAAAAAAAAAAAAAAAA';

describe('server-sent events', () => {
  it('come out whole however the bytes are cut', async () => {
    const text = ': hello\r\n\r\nevent: state\r\ndata: é\r\n\r\ndata: a\ndata:b\n\nevent: empty\n\nid: 4\rdata\r\r\n';
    const expected = [
      { name: 'state', data: 'é' },
      { name: 'message', data: 'a\nb' },
      { name: 'message', data: '' },
    ];
    const bytes = utf8(text);
    expect(await collect(rawEvents(pieces(bytes)))).toEqual(expected);
    expect(await collect(rawEvents(pieces(...Array.from(bytes, (byte) => Uint8Array.of(byte)))))).toEqual(expected);
  });

  it('are not told unfinished, nor without an end', async () => {
    expect(await collect(rawEvents(pieces(utf8('event: state\ndata: approved\n'))))).toEqual([]);
    const endless = pieces(...Array.from({ length: 70 }, () => new Uint8Array(1024).fill(120)));
    await expect(collect(rawEvents(endless))).rejects.toBeInstanceOf(Failure);
  });

  it('are read, unknown ones passed over, and broken ones refused', async () => {
    const event = (name: string, data: string) => utf8(`event: ${name}\ndata: ${data}\n\n`);
    const read = await collect(
      events(
        pieces(
          event('news', '{}'),
          event('waiting', `{"request":"${ID}"}`),
          event('settled', `{"request":"${ID}","state":"DENIED","more":1}`),
          event('enrolled', '{"state":"ACTIVE"}'),
          event('removed', '{"removed_at":7,"removed_by":"user"}'),
        ),
      ),
    );
    expect(read).toEqual([
      { kind: 'waiting', request: ID },
      { kind: 'settled', request: ID, state: 'DENIED' },
      { kind: 'enrolled', state: 'ACTIVE' },
      { kind: 'removed', at: 7, by: 'user' },
    ]);
    for (const data of ['{"request":"x"}', '{"request":"x"', 'null']) {
      await expect(collect(events(pieces(event('waiting', data)))), data).rejects.toMatchObject({ kind: 'garbled' });
    }
    const stateless = collect(events(pieces(event('settled', `{"request":"${ID}"}`))));
    await expect(stateless).rejects.toMatchObject({ kind: 'garbled' });
  });
});
