import { defineWords } from '@/lib/i18n';

export default defineWords({
  en: {
    title: 'Modules',
    sub: (on: number, all: number) => `${on} of ${all} on`,
    on: 'On',
    off: 'Off',
    offTitle: (name: string) => `Switch off ${name}?`,
    offHint: 'Its pages and endpoints vanish for everybody at the next request, its jobs and schedules stop. Nothing recorded is lost; switching it on brings all of it back.',
    switchOff: 'Switch off',
    done: (name: string, on: boolean) => `${name} is ${on ? 'on' : 'off'}`,
  },
  zh: {
    title: '模块',
    sub: (on: number, all: number) => `${all} 项中启用 ${on} 项`,
    on: '启用',
    off: '停用',
    offTitle: (name: string) => `停用${name}？`,
    offHint: '自下一次请求起，所有人的相关页面与接口消失，作业与计划停止。已有记录不会丢失，重新启用即全部恢复。',
    switchOff: '停用',
    done: (name: string, on: boolean) => `${name}已${on ? '启用' : '停用'}`,
  },
});
