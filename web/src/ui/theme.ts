// Mantine in our colours, sizes and type. Its own palette is never used directly: everything points to tokens.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';
import { language } from '@/lib/i18n';
import words from './words';

const accent = Array.from({ length: 10 }, () => 'var(--accent)') as unknown as MantineColorsTuple;
const crit = Array.from({ length: 10 }, () => 'var(--crit)') as unknown as MantineColorsTuple;

const closeButton = () => ({ 'aria-label': words[language()].close });

export const theme = createTheme({
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '11.5px', sm: '12.5px', md: '13px', lg: '14px', xl: '20px' },
  lineHeights: { xs: '16px', sm: '18px', md: '19px', lg: '20px', xl: '28px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '20px', xl: '32px' },
  radius: { xs: '4px', sm: '4px', md: '6px', lg: '8px', xl: '8px' },
  defaultRadius: 'md',
  colors: { accent, crit },
  primaryColor: 'accent',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm', variant: 'default' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: () => ({ size: 'sm', visibilityToggleButtonProps: { 'aria-label': words[language()].showPassword } }) },
    Textarea: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right', allowDeselect: false, openOnFocus: false } },
    MultiSelect: { defaultProps: { openOnFocus: false } },
    Tooltip: { defaultProps: { openDelay: 200, multiline: true, maw: 320, withArrow: false } },
    Modal: { defaultProps: () => ({ centered: true, radius: 'lg', transitionProps: { duration: 160 }, closeButtonProps: closeButton() }) },
    Drawer: { defaultProps: () => ({ position: 'right', size: 452, transitionProps: { duration: 240 }, closeButtonProps: closeButton() }) },
    Menu: { defaultProps: { shadow: 'md', position: 'bottom-end', transitionProps: { duration: 90 } } },
  },
});

const VARIABLES = {
  '--mantine-color-body': 'var(--canvas)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-bright': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-3)',
  '--mantine-color-placeholder': 'var(--ink-3)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-error': 'var(--crit)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line-2)',
  '--mantine-color-disabled': 'var(--sunken)',
  '--mantine-color-disabled-color': 'var(--ink-3)',
  '--mantine-color-disabled-border': 'var(--line)',
  '--mantine-color-gray-light-hover': 'var(--hover)',
  '--mantine-color-gray-light-color': 'var(--ink-2)',
  '--mantine-primary-color-filled': 'var(--accent)',
  '--mantine-primary-color-filled-hover': 'color-mix(in srgb, var(--accent) 88%, var(--ink))',
  '--mantine-primary-color-light': 'var(--accent-tint)',
  '--mantine-primary-color-light-hover': 'var(--accent-tint)',
  '--mantine-primary-color-light-color': 'var(--accent)',
  '--mantine-primary-color-contrast': 'var(--accent-ink)',
  '--mantine-color-accent-filled': 'var(--accent)',
  '--mantine-color-accent-filled-hover': 'color-mix(in srgb, var(--accent) 88%, var(--ink))',
  '--mantine-color-accent-light': 'var(--accent-tint)',
  '--mantine-color-accent-light-hover': 'var(--accent-tint)',
  '--mantine-color-accent-light-color': 'var(--accent)',
  '--mantine-color-crit-filled': 'var(--crit)',
  '--mantine-color-crit-filled-hover': 'color-mix(in srgb, var(--crit) 88%, var(--ink))',
  '--mantine-color-crit-light': 'var(--crit-tint)',
  '--mantine-color-crit-light-hover': 'var(--crit-tint)',
  '--mantine-color-crit-light-color': 'var(--crit)',
  '--mantine-color-white': 'var(--accent-ink)',
  '--mantine-shadow-md': 'var(--pop)',
  '--mantine-shadow-xl': 'var(--pop)',
};

export const variables: CSSVariablesResolver = () => ({ variables: VARIABLES, light: VARIABLES, dark: VARIABLES });
