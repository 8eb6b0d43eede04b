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
