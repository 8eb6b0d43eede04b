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
        'Leave “Enable Reading” on; it covers margin, futures, options, portfolio margin and earn. Leave every kind of trading, transfers and “Enable Withdrawals” off.',
        'Under “Restrict access to trusted IPs only” enter the address that this installation calls from.',
        'Copy the API key and the secret key. The secret is shown once.',
      ],
      zh: [
        '打开“账户 → API 管理”，选择“创建 API”，再选“系统生成”。',
        '保留“允许读取”，它已涵盖杠杆、合约、期权、统一账户和理财。关闭所有交易权限、划转和“允许提现”。',
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
  bitget: {
    link: 'https://www.bitget.com/account/newapi',
    steps: {
      en: [
        'Open Account, API keys, and choose “Create API key”, then “System-generated API keys”. The account must be a classic one.',
        'Choose “Read-only” and tick every area, with taxes, which the funding wallet is read by.',
        'Choose a passphrase, and enter the address that this installation calls from under “Bind IP address”.',
        'Copy the API key and the secret key. The secret is shown once.',
      ],
      zh: [
        '打开“账户 → API Key”，选择“创建 API Key”，再选“系统生成的 API Key”。账户须为经典账户。',
        '选择“只读”并勾选所有项目，包括税务：资金账户靠它读取。',
        '设置 Passphrase，并在“绑定 IP 地址”中填入本系统的出口地址。',
        '复制 API Key 和 Secret Key。Secret 只显示一次。',
      ],
    },
  },
  gate: {
    link: 'https://www.gate.com/myaccount/profile/api-key/manage',
    steps: {
      en: [
        'Open Profile, API Management, and choose “Create API Key”, type “API v4 Key”.',
        'Tick every area (spot and margin, perpetual, delivery, options, unified account, earn, wallet, account) as “Read Only”. Leave withdrawals empty.',
        'Enter the address that this installation calls from under “IP permissions”.',
        'Copy the API key and the secret. The secret is shown once.',
      ],
      zh: [
        '打开“个人中心 → API 管理”，选择“创建 API Key”，类型选“API v4 Key”。',
        '勾选所有项目（现货与杠杆、永续合约、交割合约、期权、统一账户、理财、钱包、账户），权限选“只读”；不勾“提现”。',
        '在“IP 权限”中填入本系统的出口地址。',
        '复制 API Key 和 Secret。Secret 只显示一次。',
      ],
    },
  },
  bitmex: {
    link: 'https://www.bitmex.com/app/apiKeys',
    steps: {
      en: [
        'Open the account menu, API Keys, and choose “Create new API key”. Each sub-account needs a key of its own.',
        'Set “Key Permissions” to “-”: reading needs none. Leave “Order”, “Order Cancel” and “Withdraw” off.',
        'Enter the address that this installation calls from under “CIDR”.',
        'Copy the key’s ID as API key, and the secret. The secret is shown once.',
      ],
      zh: [
        '打开账户菜单中的“API 密钥”，选择“创建新的 API 密钥”。每个子账户需要各自的密钥。',
        '“密钥权限”选“-”：读取无需任何权限，不选“下单”“撤单”和“提现”。',
        '在“CIDR”中填入本系统的出口地址。',
        '密钥 ID 填作 API Key，并复制密钥。密钥只显示一次。',
      ],
    },
  },
  hyperliquid: {
    link: 'https://app.hyperliquid.xyz/portfolio',
    steps: {
      en: [
        'No key is made: an account is read by its address. Enter the address (0x and 40 digits) as API key; there is no secret.',
        'Take the address of the account itself, not that of an API wallet, which holds nothing.',
        'Each sub-account has an address of its own and is connected by itself.',
        'List the wallets “staking” and “vaults” where the account uses them.',
      ],
      zh: [
        '无需创建密钥：账户按地址读取。在 API Key 一栏填入地址（0x 加 40 位十六进制），没有 Secret。',
        '请使用账户本身的地址，而不是 API 钱包的地址；后者不持有资产。',
        '每个子账户有各自的地址，需要分别连接。',
        '如使用质押或金库，请在钱包中列出“staking”和“vaults”。',
      ],
    },
  },
  kucoin: {
    link: 'https://www.kucoin.com/account/api',
    steps: {
      en: [
        'Open Account, API Management, and choose “Create API”, for API-based trading.',
        'Leave only “General” ticked, which reads everything. Leave spot, margin and futures trading, transfers and withdrawals empty.',
        'Enter the address that this installation calls from under “Restricted to trusted IPs only”.',
        'Choose a passphrase, then copy the API key and the secret. The secret is shown once, the passphrase never again.',
      ],
      zh: [
        '打开“账户 → API 管理”，选择“创建 API”，用途选“API 交易”。',
        '权限只保留“通用”，即可读取全部内容；不勾现货、杠杆、合约交易、划转和提现。',
        '在“仅限受信任的 IP 访问”中填入本系统的出口地址。',
        '设置交易口令（Passphrase），复制 API Key 和 Secret。Secret 只显示一次，Passphrase 不会再显示。',
      ],
    },
  },
  htx: {
    link: 'https://www.htx.com/apikey/',
    steps: {
      en: [
        'Open Account, API Management, and choose “Create API Key”.',
        'Leave “Read” on, and “Withdraw” and “Trade” off. The same key reads spot, margin and contracts.',
        'Bind the address that this installation calls from; a key without one lapses after 90 days.',
        'Copy the access key and the secret key. The secret is shown once.',
      ],
      zh: [
        '打开“账户 → API 管理”，选择“创建 API Key”。',
        '只保留“读取”，不选“提币”和“交易”。同一密钥可读取现货、杠杆和合约。',
        '绑定本系统的出口地址；未绑定 IP 的密钥 90 天后失效。',
        '复制 Access Key 和 Secret Key。Secret 只显示一次。',
      ],
    },
  },
  deribit: {
    link: 'https://www.deribit.com/account/BTC/API',
    steps: {
      en: [
        'Open the account menu, API, and choose “Add new key”, then “Deribit-generated key”.',
        'Set the scopes “account”, “trade” and “wallet” to “read” and all others to “none”.',
        'Enter the address that this installation calls from under “IP whitelisting”.',
        'Copy the client ID as API key and the client secret. Each sub-account needs a key of its own.',
      ],
      zh: [
        '打开账户菜单中的“API”，选择“添加新密钥”，再选“Deribit 生成的密钥”。',
        '权限范围 account、trade、wallet 选“read”，其余一律选“none”。',
        '在“IP 白名单”中填入本系统的出口地址。',
        'Client ID 填作 API Key，并复制 Client Secret。每个子账户需要各自的密钥。',
      ],
    },
  },
  kraken: {
    link: 'https://pro.kraken.com/app/settings/api',
    steps: {
      en: [
        'Open Settings, API, and choose “Create API key” for spot.',
        'Tick “Query” under funds, “Query open orders & trades” and “Query closed orders & trades”, “Query ledger entries”, and “Access WebSockets API” to see changes at once. Leave all else empty.',
        'Enter the address that this installation calls from under “IP address restriction”. Leave the query dates empty.',
        'Copy the API key and the private key. Let nothing else use this key: its requests are numbered.',
      ],
      zh: [
        '打开“设置 → API”，为现货选择“创建 API 密钥”。',
        '勾选资金下的“查询”、“查询未结订单与交易”、“查询已结订单与交易”、“查询账本条目”，以及用于即时更新的“访问 WebSockets API”，其余不勾。',
        '在“IP 地址限制”中填入本系统的出口地址；查询起止日期留空。',
        '复制 API Key 和 Private Key。该密钥请勿用于其他程序：其请求按序编号。',
      ],
    },
  },
  krakenfutures: {
    link: 'https://futures.kraken.com/trade/settings/api',
    steps: {
      en: [
        'Kraken Futures has keys of its own: open its Settings, API keys, and choose “Create key”.',
        'As “General API” choose “Read only”, as “Withdrawal API” choose “No access”.',
        'Copy the public key as API key and the private key as secret. It is shown once.',
        'Each sub-account needs a key of its own.',
      ],
      zh: [
        'Kraken Futures 使用独立的密钥：打开其“设置 → API keys”，选择“Create key”。',
        '“General API”选“Read only”，“Withdrawal API”选“No access”。',
        'Public Key 填作 API Key，Private Key 填作 Secret，仅显示一次。',
        '每个子账户需要各自的密钥。',
      ],
    },
  },
  fireblocks: {
    link: 'https://console.fireblocks.io',
    steps: {
      en: [
        'Make a key pair with OpenSSL: openssl req -new -newkey rsa:4096 -nodes -keyout fireblocks.key -out fireblocks.csr',
        'In the console open Developer Center, API users, choose “Add API user” with the role “Viewer”, and upload fireblocks.csr.',
        'Have the owner and the admin quorum approve the user; allow the address that this installation calls from.',
        'Copy the user’s API key. The secret is the whole text of fireblocks.key.',
      ],
      zh: [
        '用 OpenSSL 生成密钥对：openssl req -new -newkey rsa:4096 -nodes -keyout fireblocks.key -out fireblocks.csr',
        '在控制台打开“Developer Center → API users”，选择“Add API user”，角色选“Viewer”，上传 fireblocks.csr。',
        '由所有者和管理员法定人数批准该用户，并允许本系统的出口地址。',
        '复制该用户的 API Key。Secret 为 fireblocks.key 的全文。',
      ],
    },
  },
  coinbase: {
    link: 'https://portal.cdp.coinbase.com/access/api',
    steps: {
      en: [
        'Open the developer portal, API keys, “Secret API keys”, and choose “Create API key”. A key reaches one portfolio.',
        'Enter the address that this installation calls from under “IP allowlist”.',
        'Under “API restrictions” choose the portfolio and “View” only. Leave trade and transfer off.',
        'Copy the key’s name (organizations/…/apiKeys/…) as API key, and the whole private key, with its first and last line, as secret.',
      ],
      zh: [
        '打开开发者平台“API keys → Secret API keys”，选择“Create API key”。一个密钥对应一个投资组合。',
        '在“IP allowlist”中填入本系统的出口地址。',
        '在“API restrictions”中选择投资组合，权限只选“View”，不选交易和转账。',
        '密钥名称（organizations/…/apiKeys/…）填作 API Key；完整的私钥（含首尾两行）填作 Secret。',
      ],
    },
  },
  coinbase_prime: {
    link: 'https://prime.coinbase.com',
    steps: {
      en: [
        'Open Settings, APIs, and choose “Create API Key”. It reaches one portfolio, or those of the whole entity.',
        'As access type choose “Read” only. Leave trading and transfers off.',
        'Once the approvers have agreed, choose “Activate Key” under “Pending Keys”.',
        'Copy the access key as API key, the signing key as secret, and the passphrase. They are shown once.',
      ],
      zh: [
        '打开“Settings → APIs”，选择“Create API Key”。密钥可对应单个投资组合或整个实体。',
        '访问类型只选“Read”，不选交易和转账。',
        '审批通过后，在“Pending Keys”中选择“Activate Key”。',
        'Access Key 填作 API Key，Signing Key 填作 Secret，并复制 Passphrase。均只显示一次。',
      ],
    },
  },
  cobo: {
    link: 'https://portal.cobo.com',
    steps: {
      en: [
        'Make an Ed25519 key pair: 64 hexadecimal digits each. The public one is the API key, the private one the secret.',
        'In the portal open Developer, WaaS 2.0, API Keys, choose “Register API Key”, and enter the public key.',
        'Under “Role & Wallet Scope” choose the role “Viewer” and the wallets that are to be read.',
        'As key type choose “Permanent” with the address that this installation calls from; a temporary key lapses after 30 days.',
      ],
      zh: [
        '生成一对 Ed25519 密钥，各为 64 位十六进制字符。公钥即 API Key，私钥即 Secret。',
        '在 Portal 打开“开发者 → WaaS 2.0 → API Keys”，选择“注册 API Key”，填入公钥。',
        '在“用户角色 & 钱包范围”中选择“Viewer”角色和需要读取的钱包。',
        '密钥类型选“长期”，并填入本系统的出口地址；临时密钥 30 天后失效。',
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
export const BY_FILE: readonly { readonly name: string; readonly kind: 'chain' | 'custodian' | 'bank' }[] = [
  { name: 'Ethereum', kind: 'chain' },
  { name: 'Solana', kind: 'chain' },
  { name: 'Bitcoin', kind: 'chain' },
  { name: 'Copper', kind: 'custodian' },
  { name: 'SWIFT, CAMT.053', kind: 'bank' },
];
