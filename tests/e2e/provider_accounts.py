"""An account of each provider type, for tests that hold for all six."""

NUMBER = "+918040000003"
# What each type needs beside what all need, and what the tests' Tenant adds by itself.
ACCOUNTS = {
    "ASTERISK": {},
    "TWILIO": {},
    "VONAGE": {},
    "SIP": {"api_key": "the-switch-key", "webhook_secret": "the-switch-secret"},
    "EXOTEL": {"account_sid": "acme1", "api_key": "the-api-key", "api_secret": "the-api-token"},
    "MCUBE": {"auth_token": "the-auth-token"},
}


def account(tenant, kind, url, **fields):
    return tenant.provider(kind, url=url, phone_number=NUMBER, **{**ACCOUNTS[kind], **fields})


def click(tenant, to="+919800000002"):
    return tenant.initiate(to, agent_id="ann", agent_phone="+919000000001")
