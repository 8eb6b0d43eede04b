import { defineWords } from '@/lib/i18n';

export default defineWords({
  en: {
    title: 'Log in',
    again: 'Log in again',
    againHint: 'The session has ended. Log in and go on where you were; nothing you typed is lost.',
    confirm: 'Confirm that it is you',
    confirmHint: 'This change needs a fresh log-in. Nothing you typed is lost.',
    promise: 'A NAV that anyone can check.',
    email: 'E-mail',
    password: 'Password',
    logIn: 'Log in',
    code: 'Code',
    codeHint: 'From the generator, or a recovery code.',
    back: 'Back',
    refused: 'Log-in refused',
  },
  zh: {
    title: '登录',
    again: '重新登录',
    againHint: '会话已结束。登录后从原处继续，已输入的内容不会丢失。',
    confirm: '确认身份',
    confirmHint: '此更改需要重新验证身份，已输入的内容不会丢失。',
    promise: '人人可验的净值。',
    email: '邮箱',
    password: '密码',
    logIn: '登录',
    code: '验证码',
    codeHint: '验证器的动态码，或恢复码。',
    back: '返回',
    refused: '登录被拒',
  },
});
