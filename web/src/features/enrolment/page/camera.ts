/** Why there is no picture. Each has its own words. */
export type CameraTrouble = 'denied' | 'none' | 'in_use';

export interface Camera {
  readonly stream: MediaStream;
  /** Whether there is a lamp. */
  readonly lamp: boolean;
  light(on: boolean): Promise<void>;
  stop(): void;
}

/** The lamp is newer than the types of the browser's interface. */
type LampConstraints = MediaTrackConstraintSet & { torch?: boolean };

/** Opens the camera at the back of the phone, or whichever there is. Throws a `CameraTrouble`. */
export async function openCamera(): Promise<Camera> {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (!devices?.getUserMedia) throw new CameraError('none');
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({
      audio: false,
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (cause) {
    throw new CameraError(troubleOf(cause), { cause });
  }
  const [track] = stream.getVideoTracks();
  const can: unknown = track?.getCapabilities?.();
  return {
    stream,
    lamp: typeof can === 'object' && can !== null && 'torch' in can && Boolean(can.torch),
    async light(on) {
      const lamp: LampConstraints = { torch: on };
      await track?.applyConstraints({ advanced: [lamp] });
    },
    stop() {
      for (const one of stream.getTracks()) one.stop();
    },
  };
}

export class CameraError extends Error {
  override readonly name = 'CameraError';
  readonly trouble: CameraTrouble;
  constructor(trouble: CameraTrouble, options?: ErrorOptions) {
    super(trouble, options);
    this.trouble = trouble;
  }
}

function troubleOf(cause: unknown): CameraTrouble {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'none' : 'in_use';
}
