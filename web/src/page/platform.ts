/**
 * The door to the platform's authenticator. WebAuthn's JSON is read and written here, because the browser's own
 * functions for it are younger than many phones.
 */
import { Failure, type PlatformAuthenticator } from '../shared/phone/phones.ts';
import { type Bytes, decode, encode } from '../shared/protocol/bytes.ts';

export const platform: PlatformAuthenticator = {
  async available() {
    try {
      return (await globalThis.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.()) === true;
    } catch {
      return false;
    }
  },

  async create(options) {
    const credential = await ask(() =>
      navigator.credentials.create({
        publicKey: {
          ...(options as unknown as PublicKeyCredentialCreationOptions),
          challenge: bytes(options.challenge),
          user: {
            ...(object(options.user) as unknown as PublicKeyCredentialUserEntity),
            id: bytes(object(options.user).id),
          },
          excludeCredentials: descriptors(options.excludeCredentials),
        },
      }),
    );
    const response = credential.response as AuthenticatorAttestationResponse;
    const key = response.getPublicKey?.();
    const data = response.getAuthenticatorData?.();
    return {
      ...base(credential),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        transports: response.getTransports?.() ?? [],
        ...(response.getPublicKeyAlgorithm ? { publicKeyAlgorithm: response.getPublicKeyAlgorithm() } : {}),
        ...(key ? { publicKey: text(key) } : {}),
        ...(data ? { authenticatorData: text(data) } : {}),
      },
    };
  },

  async get(options) {
    const credential = await ask(() =>
      navigator.credentials.get({
        publicKey: {
          ...(options as unknown as PublicKeyCredentialRequestOptions),
          challenge: bytes(options.challenge),
          allowCredentials: descriptors(options.allowCredentials),
        },
      }),
    );
    const response = credential.response as AuthenticatorAssertionResponse;
    return {
      ...base(credential),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
      },
    };
  },
};

async function ask(question: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!globalThis.PublicKeyCredential) throw new Failure('unlock_missing');
  try {
    const answer = await question();
    if (answer instanceof PublicKeyCredential) return answer;
    throw new Failure('unlock_missing');
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(failureOf(cause), { cause });
  }
}

/**
 * `NotAllowedError` stands for cancelled, timed out, a wrong finger and a missing credential alike, on purpose
 * (WebAuthn level 3, 14.6.1): the screen offers to try again, and the other ways.
 */
export function failureOf(thrown: unknown): 'unlock_cancelled' | 'unlock_missing' {
  const name = thrown instanceof Error ? thrown.name : '';
  return name === 'NotAllowedError' || name === 'AbortError' || name === 'TimeoutError'
    ? 'unlock_cancelled'
    : 'unlock_missing';
}

function base(credential: PublicKeyCredential): Record<string, unknown> {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
    clientExtensionResults: {},
  };
}

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  if (!Array.isArray(list)) return [];
  return list.map((one: unknown) => ({ ...object(one), type: 'public-key', id: bytes(object(one).id) }));
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Failure('garbled');
  return value as Record<string, unknown>;
}

/** Base64url, as WebAuthn's JSON has it. */
function bytes(value: unknown): Bytes {
  const found = typeof value === 'string' ? decode(value) : undefined;
  if (!found) throw new Failure('garbled');
  return found;
}

function text(value: ArrayBuffer): string {
  return encode(new Uint8Array(value));
}
