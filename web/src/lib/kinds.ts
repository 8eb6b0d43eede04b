// The kinds of things that are missing or do not fit (FailureKind of the API, and those of data issues).
// The sentence about one case is the server's, in English; its kind and its mend are known in both languages.
import { defineWords } from './i18n';

interface Kind {
  readonly name: string;
  /** What usually mends it; English has the server's own sentence instead. */
  readonly mend: string;
}

export default defineWords({
  en: {
    account_unread: { name: 'Account not read', mend: '' },
    account_stale: { name: 'Account last seen long ago', mend: '' },
    prices_unread: { name: 'Prices not read', mend: '' },
    unpriced: { name: 'No price', mend: '' },
    price_stale: { name: 'Old price', mend: '' },
    price_conflict: { name: 'Sources disagree on a price', mend: '' },
    unknown_asset: { name: 'Unknown asset', mend: '' },
    unknown_instrument: { name: 'Unknown instrument', mend: '' },
    terms_changed: { name: 'Contract terms changed', mend: '' },
    reconciliation_break: { name: 'Reconciliation break', mend: '' },
    unmatched_transfer: { name: 'A transfer without its other leg', mend: '' },
    own_transfer: { name: 'An own transfer is called external', mend: '' },
    ambiguous_transfer: { name: 'Transfers that pair in several ways', mend: '' },
    order_difference: { name: 'An order’s fills and the facts differ', mend: '' },
    venue_clock: { name: 'A venue’s clock is off', mend: '' },
    unit_count: { name: 'Units do not add up', mend: '' },
    unassigned: { name: 'Belongs to no node', mend: '' },
    invariant: { name: 'A check does not hold', mend: '' },
    fact_conflict: { name: 'Two statements of one fact', mend: '' },
    job_failed: { name: 'A job failed', mend: '' },
    notice_undelivered: { name: 'A notice was not delivered', mend: '' },
  } as Record<string, Kind>,
  zh: {
    account_unread: { name: '账户未能读取', mend: '检查连接与密钥，再收集一次。' },
    account_stale: { name: '账户数据过时', mend: '重新收集该账户。' },
    prices_unread: { name: '价格未能读取', mend: '检查价格来源的连接，再收集一次。' },
    unpriced: { name: '没有价格', mend: '在定价政策中换用其他来源，或录入手工价格。' },
    price_stale: { name: '价格过时', mend: '重新收集价格，或在定价政策中放宽时限。' },
    price_conflict: { name: '价格来源不一致', mend: '查明哪个来源有误，再调整定价政策。' },
    unknown_asset: { name: '未知资产', mend: '为该代码登记资产别名。' },
    unknown_instrument: { name: '未知合约', mend: '重新收集，或登记该合约的条款。' },
    terms_changed: { name: '合约条款变更', mend: '与交易所公告核对，如有不同，更正两个版本的生效日期。' },
    reconciliation_break: { name: '对账差异', mend: '补齐缺失的成交或转账，或说明差异。' },
    unmatched_transfer: { name: '划转缺少另一端', mend: '收集另一账户或导入其历史；若对方非本方账户，更正其类型。' },
    own_transfer: { name: '内部划转被标为外部', mend: '确认两端属于同一笔内部划转，或说明为何不是。' },
    ambiguous_transfer: { name: '划转可有多种配对', mend: '导入交易哈希，或更正记录以注明对方账户。' },
    order_difference: { name: '委托成交与记录不符', mend: '重新收集该账户；若仍不符，到场所核对该委托并补录或更正成交。' },
    venue_clock: { name: '场所时钟有偏差', mend: '用 NTP 校准本机时钟。' },
    unit_count: { name: '份额数不符', mend: '核对申购与赎回记录。' },
    unassigned: { name: '未归入任何节点', mend: '在组合树中为该账户添加规则。' },
    invariant: { name: '校验不成立', mend: '按说明核对数据，再计算一次。' },
    fact_conflict: { name: '同一事实有两种说法', mend: '比较两份记录：新的正确则录为更正，否则说明差异。' },
    job_failed: { name: '任务失败', mend: '按说明修复后重新启动。' },
    notice_undelivered: { name: '通知未送达', mend: '在“通知”中修复或删除该渠道。' },
  },
});
