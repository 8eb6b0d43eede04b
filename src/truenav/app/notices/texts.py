"""A notice in words, English and Chinese. It names what it is about and holds no figure and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping

from truenav.app.notices.events import Event
from truenav.connect.notify.mail import Mail
from truenav.core.canonical import canonical_json
from truenav.core.clock import instant_text
from truenav.store.notices import Notice

_SUBJECTS: Mapping[str, tuple[str, str]] = {
    Event.NAV_WAITS: ("NAV of {fund} waits for you", "{fund} 的净值待复核"),
    Event.NAV_REFUSED: ("NAV of {fund} was refused", "{fund} 的净值被退回"),
    Event.SYNC_FAILED: ("{account} could not be read", "{account} 读取失败"),
    Event.CLOCK_OFF: ("The clock of {account}'s venue is off", "{account} 所在场所的时钟有偏差"),
    Event.NAV_STALE: ("{product} has no fresh NAV", "{product} 没有最新净值"),
    Event.PRODUCT_RUINED: ("Nothing is left of {product}", "{product} 净值归零"),
    Event.MERGE_DUE: ("Units of {product} must be merged or split", "{product} 需合并或拆分份额"),
    Event.REBALANCE_WAITS: ("A rebalance of {product} waits for you", "{product} 的再平衡待处理"),
    Event.TEST: ("Test notice", "测试通知"),
}
_TEXTS: Mapping[str, tuple[str, str]] = {
    Event.NAV_WAITS: (
        "The NAV of {fund} as of {as_of} ({quality}) is calculated. Review it: run {run}.",
        "{fund} 截至 {as_of} 的净值（{quality}）已算出，待复核：{run}。",
    ),
    Event.NAV_REFUSED: (
        "The NAV of {fund} as of {as_of} was refused. The reason stands with run {run}.",
        "{fund} 截至 {as_of} 的净值被退回，理由见 {run}。",
    ),
    Event.SYNC_FAILED: (
        "The account {account} could not be read. The connection shows why, and the mend.",
        "账户 {account} 未能读取，原因与修复方法见连接页。",
    ),
    Event.CLOCK_OFF: (
        "The clock of {account}'s venue differs from ours by more than a second; beyond 5 s nothing is "
        "ordered. Synchronise this machine's clock by NTP.",
        "{account} 所在场所的时钟与本机相差超过 1 秒；超过 5 秒将停止下单。请用 NTP 校准本机时钟。",
    ),
    Event.NAV_STALE: (
        "No price of {product} could be used for longer than its rules allow: none came, or those that came "
        "were refused. Without a fresh NAV no order is within the band, and nothing is created or redeemed.",
        "{product} 超过规则允许的时间没有可用价格（没有到达，或被拒绝）。"
        "没有最新净值时，不接受委托、不申购赎回。",
    ),
    Event.PRODUCT_RUINED: (
        "The NAV of {product} has come to nothing. Dealing is halted; close what is left of its position.",
        "{product} 的净值已归零，交易与申赎已暂停；请平掉剩余持仓。",
    ),
    Event.MERGE_DUE: (
        "The published NAV of {product} calls for a share merge or split; dealing is halted until then.",
        "{product} 的公布净值触发份额合并或拆分，完成之前交易与申赎暂停。",
    ),
    Event.REBALANCE_WAITS: (
        "A rebalance of {product} waits to be approved, or its execution stopped; see the product's page.",
        "{product} 的再平衡等待批准，或执行已中止，见产品页。",
    ),
    Event.TEST: ("This channel works.", "此渠道可用。"),
}


def mail_of(notice: Notice, to: str) -> Mail:
    """The notice as a mail in both languages."""
    about = json.loads(notice.body)
    subject = " · ".join(one.format_map(about) for one in _SUBJECTS[notice.event])
    text = "\n\n".join(one.format_map(about) for one in _TEXTS[notice.event])
    return Mail(mail_id(notice), to, subject, f"{text}\n\ntruenav · {instant_text(notice.at)}\n")


def payload_of(notice: Notice) -> bytes:
    """The notice as the canonical JSON that a webhook is sent."""
    return canonical_json(
        {"id": notice.id, "event": notice.event, "at": notice.at, "about": json.loads(notice.body)}
    )


def mail_id(notice: Notice) -> str:
    """The notice's id as a mail's message id may be written."""
    return "".join(letter if letter.isalnum() else "-" for letter in notice.id)
