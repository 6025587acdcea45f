from tenants.models.audit import AuditHead, SystemEvent
from tenants.models.people import CompanyRequest, Email, Onboarding, OneTimeLink, PlatformAccess
from tenants.models.sign_in import ApiKey, RecoveryCode, RefreshToken, SecondFactor, SignIn
from tenants.models.tenant import Domain, SchemaSnapshot, Tenant, Trade
from tenants.models.user import Membership, Password, Team, User
from tenants.models.vault import Category, Credential, CredentialVersion, DataKey, Health, PlatformCredential

__all__ = [
    "ApiKey",
    "AuditHead",
    "Category",
    "CompanyRequest",
    "Credential",
    "CredentialVersion",
    "DataKey",
    "Domain",
    "Email",
    "Health",
    "Membership",
    "Onboarding",
    "OneTimeLink",
    "Password",
    "PlatformAccess",
    "PlatformCredential",
    "RecoveryCode",
    "RefreshToken",
    "SchemaSnapshot",
    "SecondFactor",
    "SignIn",
    "SystemEvent",
    "Team",
    "Tenant",
    "Trade",
    "User",
]
