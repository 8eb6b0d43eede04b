def test_users_are_added_changed_and_disabled_but_stay_in_the_list(installation, admin, new_user):
    made = admin.post("/api/v1/users", json=new_user("clara"))
    assert made.status_code == 201
    assert made.json()["created_at"] == "2026-01-31T08:00:00Z"
    assert "password" not in made.text
    clara = installation.client()
    assert clara.log_in(made.json()["email"], "nine.blue.kettles").status_code == 200
    changed = admin.patch("/api/v1/users/clara", json={"roles": ["finance", "risk"]})
    assert changed.json()["roles"] == ["finance", "risk"]
    assert "nav:publish" in clara.get("/api/v1/me").json()["actions"]
    assert admin.delete("/api/v1/users/clara").status_code == 204
    assert clara.get("/api/v1/me").status_code == 401
    assert [user["id"] for user in admin.get("/api/v1/users").json()["items"]] == ["administrator", "clara"]


def test_only_administrators_change_users(finance, new_user):
    answer = finance.post("/api/v1/users", json=new_user("clara"))
    assert answer.status_code == 403
    assert answer.json()["context"] == {"action": "user:write", "kind": "tenant"}


def test_an_administrator_cannot_raise_themselves(admin):
    assert admin.patch("/api/v1/users/administrator", json={"roles": ["finance"]}).status_code == 403
    assert admin.delete("/api/v1/users/administrator").status_code == 403


def test_another_tenants_users_are_not_there(installation, admin, new_user):
    other = installation.logged_in(installation.tenant(), "administrator")
    assert other.post("/api/v1/users", json=new_user("clara")).status_code == 201
    token = other.post("/api/v1/tokens", json={"name": "t", "scopes": ["nav:read"]}).json()["token"]["id"]
    assert admin.get("/api/v1/users/clara").status_code == 404
    assert admin.patch("/api/v1/users/clara", json={"name": "X"}).status_code == 404
    assert admin.delete("/api/v1/users/clara").status_code == 404
    assert admin.delete(f"/api/v1/tokens/{token}").status_code == 404
    assert [user["id"] for user in admin.get("/api/v1/users").json()["items"]] == ["administrator"]


def test_a_list_comes_in_pages(admin, new_user):
    for name in ("ann", "ben", "cat"):
        admin.post("/api/v1/users", json=new_user(name))
    seen, cursor = [], None
    while True:
        page = admin.get(
            "/api/v1/users", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen.append([user["id"] for user in page["items"]])
        if (cursor := page["next"]) is None:
            break
    assert seen == [["administrator", "ann"], ["ben", "cat"]]
    assert admin.get("/api/v1/users", params={"cursor": "x"}).status_code == 422


def test_a_change_of_what_was_not_seen_is_refused(admin, new_user):
    admin.post("/api/v1/users", json=new_user("clara"))
    tag = admin.get("/api/v1/users/clara").headers["etag"]
    assert admin.get("/api/v1/users/clara", headers={"If-None-Match": tag}).status_code == 304
    first = admin.patch("/api/v1/users/clara", json={"name": "One"}, headers={"If-Match": tag})
    second = admin.patch("/api/v1/users/clara", json={"name": "Two"}, headers={"If-Match": tag})
    assert [first.status_code, second.status_code] == [200, 412]
    assert admin.get("/api/v1/users/clara").json()["name"] == "One"


def test_the_audit_trail_tells_it_all_and_holds(admin, finance, new_user):
    admin.post("/api/v1/users", json=new_user("clara"))
    admin.delete("/api/v1/users/clara")
    entries = admin.get("/api/v1/audit").json()["items"]
    told = [(entry["actor"], entry["action"], entry["subject"]) for entry in entries]
    assert told[-2:] == [("administrator", "user.add", "clara"), ("administrator", "user.change", "clara")]
    check = admin.get("/api/v1/audit/verify").json()
    assert (check["ok"], check["seq"]) == (True, len(entries))
    assert check["hash"] == entries[-1]["hash"]
    assert finance.get("/api/v1/audit").status_code == 403
