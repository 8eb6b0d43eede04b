"""Roles and actions in Chinese, and the names of the roles; the English of actions is in ``actions``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROLE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "administrator": ("Administrator", "管理员"),
        "manager": ("Fund manager", "基金经理"),
        "operator": ("Data operator", "数据运营"),
        "finance": ("Finance", "财务"),
        "risk": ("Risk manager", "风控经理"),
        "auditor": ("Auditor", "审计"),
        "investor": ("Investor", "投资者"),
        "host": ("Host of the installation", "平台运营方"),
    }
)

ROLES_ZH: Mapping[str, str] = MappingProxyType(
    {
        "administrator": "管理系统与用户；不制作也不复核数据",
        "manager": "管理投资组合：数据来源、组合树、出净值与批准",
        "operator": "维护数据：来源、导入、任务、出净值",
        "finance": "制作、复核并发布净值；录入手工项",
        "risk": "制定政策并复核净值；不录入数据",
        "auditor": "可查看一切，不可更改",
        "investor": "仅可查看自己持有的份额",
        "host": "管理平台上的租户，看不到其数据",
    }
)

ACTIONS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "self:read": "查看自己的账户、权限与 API 令牌",
        "self:write": "退出登录、修改自己的密码、创建与撤销自己的 API 令牌",
        "user:read": "查看本租户的用户及其角色",
        "user:write": "添加用户、更改角色、停用用户、重置密码",
        "role:read": "查看角色、其权限与屏蔽内容",
        "role:write": "创建、更改与删除自定义角色",
        "module:write": "启用与停用模块",
        "audit:read": "查看审计记录并校验其链条",
        "job:read": "查看任务、计划及其进度",
        "job:write": "取消与重启任务、更改计划",
        "event:read": "实时关注动态",
        "source:read": "查看连接、账户及已采集的数据",
        "source:write": "添加、更改与删除连接和账户；录入密钥",
        "source:gather": "立即采集账户与价格",
        "import:write": "从文件导入历史数据",
        "fact:read": "查看事实、更正、数据问题及其证据",
        "fact:write": "录入更正、处理数据问题",
        "manual:read": "查看手工项与手工标记价",
        "manual:write": "录入手工项与手工标记价，并说明理由",
        "price:read": "查看报价、标记价、指数与计价单位",
        "policy:read": "查看定价、估值与净值政策",
        "policy:write": "更改定价、估值与净值政策、计价单位与指数",
        "portfolio:read": "查看投资组合树、持仓、敞口与份额类别",
        "portfolio:write": "更改投资组合树、分账规则、份额类别、资产与合约",
        "product:read": "查看杠杆产品与 ETP、其规则、净值与事件",
        "product:write": "上架产品，更改其规则与限额",
        "product:deal": "申请份额的申购、赎回、合并或拆分，暂停申赎",
        "product:approve": "批准他人对产品的申请，批准或关闭调仓",
        "basket:deal": "制作申购赎回清单，录入参与人订单，定价并登记交收",
        "basket:approve": "批准申购赎回清单，接受并结算他人录入的订单",
        "nav:read": "查看净值、明细、净值桥、对账与证据包",
        "nav:strike": "出净值、重新出净值或发起重述",
        "nav:approve": "批准或驳回他人所出的净值",
        "nav:publish": "发布已批准的净值",
        "trade:read": "查看委托、其记录与账户限额",
        "trade:limit": "设定账户可交易的合约、名义金额与价格范围",
        "trade:key": "录入可交易的密钥",
        "trade:execute": "在账户限额内下单",
        "view:write": "保存页面视图并与同事共享",
        "notice:read": "查看通知及其发送渠道",
        "notice:write": "维护自己的通知渠道",
        "notice:manage": "维护本租户的通知渠道；允许 Webhook 访问的主机",
        "holding:read": "查看自己持有的份额、已发布的单位净值与市值",
        "tenant:read": "查看平台上的租户",
        "tenant:write": "开通、暂停、恢复、导出与抹除租户",
    }
)
"""A test holds it complete."""
