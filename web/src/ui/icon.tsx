/** One family, strokes of two pixels, few. They stand beside words, so a screen reader passes over them. */
const paths = {
  accounts: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6',
  activity: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2',
  add: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  backspace: 'M8.5 5.5H21v13H8.5L3 12zM12 9.5l5 5M17 9.5l-5 5',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 21h4',
  'bell-off': 'M6 16.5V11c0-1 .2-2 .7-2.8M9.5 5.6A6 6 0 0 1 18 11v4M4.5 18h12.7M10 21h4M4 4l16 16',
  bin: 'M4 6.5h16M9.5 6.5V4h5v2.5M6.5 6.5 7.5 20.5h9L17.5 6.5M10.5 10.5v6M13.5 10.5v6',
  camera: 'M3 7.5h4.5L9 5h6l1.5 2.5H21v11.5H3zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  'eye-off':
    'M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5s-1 1.9-2.9 3.6M6 7.6C3.7 9.4 2.5 12 2.5 12S6 18.5 12 18.5c1.5 0 2.8-.4 4-1',
  finger:
    'M7 19c-1-2-1.5-4.3-1.5-7a6.5 6.5 0 0 1 13 0c0 2-.1 3.8-.5 5.5M9.5 20.5c-1-2.5-1.3-5.3-1.3-8.5a3.8 3.8 0 0 1 7.6 0c0 3-.2 5.5-.8 8M12 12c0 3.3.1 6 .6 9',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.1',
  key: 'M8 12a4 4 0 1 0 0 .1zM8 12h13v3.5M17 12v3',
  lock: 'M5.5 10.5h13v10h-13zM8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5',
  more: 'M12 5.5v.1M12 12v.1M12 18.5v.1',
  next: 'M9 5l7 7-7 7',
  offline:
    'M4 4l16 16M2.5 9a14 14 0 0 1 4.5-2.7M10.5 5.1A14 14 0 0 1 21.5 9M5.7 12.5a9 9 0 0 1 4-2.1M14.5 10.5a9 9 0 0 1 3.8 2M9 16a4.5 4.5 0 0 1 6 0M12 19.5v.1',
  pen: 'M4 20l1-4.5L16.5 4 20 7.5 8.5 19zM14 6.5l3.5 3.5',
  phone:
    'M8 2.5h8a1.5 1.5 0 0 1 1.5 1.5v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM11 18.5h2',
  refresh: 'M20 12a8 8 0 1 1-2.6-5.9L20 8.5M20 3.5v5h-5',
  scan: 'M4 8.5V4h4.5M15.5 4H20v4.5M20 15.5V20h-4.5M8.5 20H4v-4.5M4 12h16',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  share: 'M12 15V3.5M8 7l4-4 4 4M6 11H5v9.5h14V11h-1',
  stop: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.8 8.8l6.4 6.4M15.2 8.8l-6.4 6.4',
  tick: 'M5 12.5l4.5 4.5L19 7.5',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.1',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
        d={paths[name]}
      />
    </svg>
  );
}

/** A capital A whose crossbar is a tick. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path
        fill="none"
        stroke="currentColor"
        stroke-width="2.2"
        stroke-linecap="round"
        stroke-linejoin="round"
        d="M2 21.5 10.5 2.5 19 21.5M6.2 14.2l4 3.6L22 7.5"
      />
    </svg>
  );
}
