// How a read-only key is made, venue by venue, in the venue's own words; and the venues that come in files.
import type { InBoth } from '@/lib/i18n';

export interface Guide {
  /** Where the venue makes keys. */
  readonly link: string;
  readonly steps: InBoth<readonly string[]>;
}

export const GUIDES: Readonly<Record<string, Guide>> = {
  binance: {
    link: 'https://www.binance.com/en/my/settings/api-management',
    steps: {
      en: [
        'Open Account, API Management, and choose “Create API”, then “System generated”.',
        'Leave “Enable Reading” on. Leave spot, margin and futures trading, transfers and “Enable Withdrawals” off.',
        'Under “Restrict access to trusted IPs only” enter the address that this installation calls from.',
        'Copy the API key and the secret key. The secret is shown once.',
      ],
      zh: [
        '打开“账户 → API 管理”，选择“创建 API”，再选“系统生成”。',
        '保留“允许读取”，关闭现货、杠杆、合约交易、划转和“允许提现”。',
        '在“仅限受信任的 IP 访问”中填入本系统的出口地址。',
        '复制 API Key 和 Secret Key。Secret 只显示一次。',
      ],
    },
  },
  okx: {
    link: 'https://www.okx.com/account/my-api',
    steps: {
      en: [
        'Open Profile, API, and choose “Create API key”; as purpose choose “API trading”.',
        'Tick “Read” only. Leave “Trade” and “Withdraw” empty.',
        'Enter the address that this installation calls from under “IP address”; a key without one may lapse.',
        'Choose a passphrase, then copy the API key and the secret key. OKX never shows the passphrase again.',
      ],
      zh: [
        '打开“个人中心 → API”，选择“创建 API Key”，用途选“API 交易”。',
        '权限只勾选“读取”，不勾“交易”和“提现”。',
        '在“IP 地址”中填入本系统的出口地址；未绑定 IP 的密钥可能失效。',
        '设置 Passphrase，复制 API Key 和 Secret Key。OKX 不会再次显示 Passphrase。',
      ],
    },
  },
  bybit: {
    link: 'https://www.bybit.com/app/user/api-management',
    steps: {
      en: [
        'Open Account, API, and choose “Create New Key”, then “System-generated API keys”, for “API transaction”.',
        'Choose “Read-Only”, and tick every area: orders, positions, wallet, options and earn are all read.',
        'Enter the address that this installation calls from under “Only IPs with permissions granted”; a key without one lapses after three months.',
        'Copy the API key and the API secret. The secret is shown once.',
      ],
      zh: [
        '打开“账户 → API”，选择“创建新密钥”，再选“系统生成的 API 密钥”，用途选“API 交易”。',
        '选择“只读”，并勾选所有项目：订单、持仓、钱包、期权和理财都会读取。',
        '在“仅允许已授权的 IP”中填入本系统的出口地址；未绑定 IP 的密钥三个月后失效。',
        '复制 API Key 和 API Secret。Secret 只显示一次。',
      ],
    },
  },
  vendor: {
    link: '',
    steps: {
      en: ['Ask the vendor for a token that reads prices.', 'Enter the address of its service and the token.'],
      zh: ['向供应商索取只读价格的令牌。', '填入服务地址和令牌。'],
    },
  },
};

/** Where assets lie that no connector reads yet: their statements come in by file. */
export const BY_FILE: readonly { readonly name: string; readonly kind: 'exchange' | 'chain' | 'custodian' | 'bank' }[] = [
  { name: 'Deribit', kind: 'exchange' },
  { name: 'Bitget', kind: 'exchange' },
  { name: 'Kraken', kind: 'exchange' },
  { name: 'Coinbase', kind: 'exchange' },
  { name: 'Hyperliquid', kind: 'exchange' },
  { name: 'Ethereum', kind: 'chain' },
  { name: 'Solana', kind: 'chain' },
  { name: 'Bitcoin', kind: 'chain' },
  { name: 'Copper', kind: 'custodian' },
  { name: 'Fireblocks', kind: 'custodian' },
  { name: 'SWIFT, CAMT.053', kind: 'bank' },
];
