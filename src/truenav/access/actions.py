"""Everything that can be done, by name; the policies speak of these and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "self:read": "See one's own user, rights and API tokens",
        "self:write": "Log out, change one's own password, make and revoke one's own API tokens",
        "user:read": "See the users of the tenant and their roles",
        "user:write": "Add users, change their roles, disable them, reset their passwords",
        "role:read": "See the roles, what each allows and what it does not show",
        "role:write": "Make, change and remove roles of the tenant's own",
        "module:write": "Switch modules of the tenant on and off",
        "audit:read": "Read the audit trail and check its chain",
        "job:read": "See jobs, schedules and their progress",
        "job:write": "Cancel and restart jobs, change schedules",
        "event:read": "Follow what happens, live",
        "source:read": "See connections, accounts and what was gathered from them",
        "source:write": "Add, change and remove connections and accounts; enter keys",
        "source:gather": "Gather accounts and prices now",
        "import:write": "Import history from files",
        "fact:read": "Read facts, corrections, data issues and the evidence behind them",
        "fact:write": "Enter corrections and settle data issues",
        "manual:read": "See manual items and manual marks",
        "manual:write": "Enter manual items and manual marks, with a reason",
        "price:read": "See quotes, marks, indices and numeraires",
        "policy:read": "See pricing, valuation and NAV policies",
        "policy:write": "Change pricing, valuation and NAV policies, numeraires and indices",
        "portfolio:read": "See the portfolio tree, positions, exposure and share classes",
        "portfolio:write": "Change the portfolio tree, sub-book rules, share classes, assets and instruments",
        "product:read": "See leveraged products and ETPs, their rules, NAV and events",
        "product:write": "List products and change their rules and limits",
        "product:deal": "Ask for units to be created, redeemed, merged or split; halt dealing",
        "product:approve": "Approve what somebody else asked of a product; approve or close rebalances",
        "basket:deal": "Make creation lists, enter orders of participants, price them and record deliveries",
        "basket:approve": "Approve creation lists, accept and settle orders that somebody else entered",
        "nav:read": "See NAV runs, their lines, bridges, reconciliations and evidence bundles",
        "nav:strike": "Strike a NAV, strike it again, or start a restatement",
        "nav:approve": "Approve or reject a calculated NAV that somebody else struck",
        "nav:publish": "Publish an approved NAV",
        "trade:read": "See orders, their trail and the limits of accounts",
        "trade:limit": "Set what an account may trade: instruments, notionals, collar",
        "trade:key": "Enter keys that may trade",
        "trade:execute": "Send orders within an account's limits",
        "view:write": "Save views of pages and share them with colleagues",
        "notice:read": "See notices and where they are sent",
        "notice:write": "Keep one's own channels for notices",
        "notice:manage": "Keep the tenant's channels for notices; allow hosts that webhooks may reach",
        "holding:read": "See one's own holdings: units, published NAV per unit, value",
        "tenant:read": "See the tenants of the installation",
        "tenant:write": "Provision, suspend, resume, export and erase tenants",
    }
)

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "administrator": "Runs the installation and its users; makes and checks no figures",
        "manager": "Runs the portfolios: sources, tree, strikes and approvals",
        "operator": "Keeps the data coming: sources, imports, jobs, strikes",
        "finance": "Makes, checks and publishes the NAV; enters manual items",
        "risk": "Sets the policies and checks the NAV; enters nothing",
        "auditor": "Reads everything, changes nothing",
        "investor": "Sees their own holdings and nothing else",
        "host": "Runs the tenants of the installation and sees none of their data",
    }
)
