import { defineWords } from '@/lib/i18n';

export default defineWords({
  en: {
    title: 'First steps',
    sub: (done: number, all: number) => `${done} of ${all} done`,
    done: 'Done',
    steps: {
      connect: { title: 'Connect a venue', hint: 'With a key that can read and nothing else. It is checked before it is kept.', go: 'Connect' },
      import: { title: 'Import what has no key', hint: 'Custodian statements, OTC deals, past NAVs: drop the file, see the dry run, accept it.', go: 'Import' },
      tree: { title: 'Build the tree', hint: 'Funds, portfolios and strategies, and which account feeds which of them.', go: 'Open the portfolio' },
      strike: { title: 'Strike the first NAV', hint: 'Gather, value, check what is missing; a second person approves.', go: 'Strike' },
    },
    all: 'All steps are done',
    overview: 'Open the overview',
  },
  zh: {
    title: '开始使用',
    sub: (done: number, all: number) => `${all} 步中完成 ${done} 步`,
    done: '已完成',
    steps: {
      connect: { title: '连接交易场所', hint: '只用只读密钥，保存前先校验。', go: '连接' },
      import: { title: '导入没有密钥的资产', hint: '托管账单、场外成交、历史净值：拖入文件，查看试算，再确认。', go: '导入' },
      tree: { title: '建立组合树', hint: '基金、组合与策略，以及各账户归属。', go: '打开组合' },
      strike: { title: '计算首个净值', hint: '采集、估值、检查缺失，由第二人批准。', go: '计算' },
    },
    all: '全部完成',
    overview: '打开总览',
  },
});
