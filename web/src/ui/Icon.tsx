// Our own icons: one stroke, 18 units square, in the colour of the text.
const PATHS = {
  overview: 'M3 10.5 9 4l6 6.5M5 9v6h8V9',
  tree: 'M4 3v12M4 6h5M4 11h5M9 4.5h5v3H9zM9 9.5h5v3H9z',
  explore: 'M3 3h12v12H3zM3 7h12M7 7v8',
  nav: 'M4 15V3h7l3 3v9zM7 9.5l1.6 1.6L11.5 8',
  risk: 'M9 2.5 15.5 15h-13zM9 7v4M9 12.8v.4',
  price: 'M3 13l4-5 3 3 5-7M3 15.5h12',
  manual: 'M3.5 14.5l.8-3.2 7.6-7.6 2.400 2.400-7.600 7.600zM10.500 5.200l2.400 2.400',
  connect: 'M6 3v4M12 3v4M4.5 7h9v2.500a4.500 4.500 0 0 1-9 0zM9 14v2',
  import: 'M9 3v8M5.500 8 9 11.500 12.500 8M3 12v3h12v-3',
  audit: 'M4 3h10v12H4zM6.500 6.500h5M6.500 9h5M6.500 11.500h3',
  settings: 'M3 5h7M13 5h2M3 9h2M8 9h7M3 13h8M14 13h1M11.500 3.500v3M6.500 7.500v3M12.500 11.500v3',
  users: 'M6.500 8.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM2.500 15c0-2.500 1.700-4 4-4s4 1.500 4 4M12 8.500a2 2 0 1 0-.6-3.900M12.500 11c1.800.2 3 1.600 3 4',
  modules: 'M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 12.500h5M12.500 10v5',
  bell: 'M4.500 12.500V8a4.500 4.500 0 0 1 9 0v4.500l1 1h-11zM7.500 15.500h3',
  key: 'M6 12.500a3.500 3.500 0 1 1 3.200-4.900H15v2.500h-1.500v2H11v-2H9.300A3.500 3.500 0 0 1 6 12.500zM6 9h.1',
  tenant: 'M3 15V6l6-3 6 3v9zM7 15v-4h4v4M6.500 7.500h.1M11.500 7.500h.1',
  down: 'M4 6.5l5 5 5-5',
  orders: 'M3 6.500h11M11 3.500l3 3-3 3M15 12H4M7 9l-3 3 3 3',
  right: 'M6.5 4l5 5-5 5',
  left: 'M11.500 4l-5 5 5 5',
  search: 'M8 3.5a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM11.500 11.500 15 15',
  check: 'M3.5 9.500l4 4 7-9',
  close: 'M4 4l10 10M14 4 4 14',
  clock: 'M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zM9 6v3.500l2.200 1.400',
  warn: 'M9 2.500 16 15H2zM9 7v4M9 12.900v.2',
  crit: 'M6 2.500h6l3.500 3.500v6L12 15.500H6L2.500 12V6zM9 5.500v4.500M9 12v.2',
  todo: 'M9 2.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 9 2.800zM6 9.200l2.200 2.200L12.200 7',
  info: 'M9 2.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 9 2.800zM9 8.200V12M9 6v.1',
  external: 'M7 3H3v12h12v-4M10 3h5v5M15 3 8.500 9.500',
  download: 'M9 3v8M5.500 8 9 11.500 12.500 8M3 15h12',
  seal: 'M9 2l2 1.600 2.500-.3.7 2.400 2 1.500-1 2.300.6 2.500-2.400.8L12 15l-2.400-.7L9 16l-.6-1.700L6 15l-1.400-2.200-2.400-.8.6-2.500-1-2.300 2-1.500.7-2.400L7 3.600zM6.300 9l2 2 3.500-4',
  more: 'M4 9h.2M9 9h.2M14 9h.2',
  pin: 'M9 11v5M5.500 3h7l-1 4 2 4h-9l2-4z',
  pause: 'M6 4v10M12 4v10',
  play: 'M5.500 3.500l9 5.500-9 5.500z',
  plus: 'M9 3.500v11M3.500 9h11',
  refresh: 'M14.500 5.500V9H11M14.300 8.800A5.500 5.500 0 1 0 13 13',
  sun: 'M9 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM9 2v1.500M9 14.500V16M2 9h1.500M14.500 9H16M4 4l1 1M13 13l1 1M14 4l-1 1M5 13l-1 1',
  moon: 'M14.500 10.500A6 6 0 0 1 7.500 3.500a6 6 0 1 0 7 7z',
  logout: 'M7 3H3.500v12H7M11 5.500 14.500 9 11 12.500M14.500 9H7',
  lock: 'M4.500 8h9v7h-9zM6.500 8V6a2.500 2.500 0 0 1 5 0v2',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      className={className}
      width={size}
      height={size}
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 30 30" role="img" aria-label="truenav" style={{ color: 'var(--accent)' }}>
      <rect x="1" y="1" width="28" height="28" rx="7" fill="currentColor" />
      <g stroke="var(--accent-ink)" strokeWidth="2.4" strokeLinecap="round">
        <path d="M8 8.5h14M15 8.5V14" />
        <path d="M8 22v-3M12.7 22v-6M17.3 22v-4.5M22 22v-8" />
      </g>
    </svg>
  );
}
