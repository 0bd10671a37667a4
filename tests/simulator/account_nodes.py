"""The elements of accounts and their devices at plex.tv."""

from typing import TYPE_CHECKING

from .accounts import PLEX_PASS_FEATURES, Account, Device
from .rendering import Node, Shape
from .resources import PUBLIC_ADDRESS

if TYPE_CHECKING:
    from .access import Share
    from .server import PlexServer

# The apps that the account may use without limits.
ENTITLEMENTS = (
    "all",
    "android",
    "ios",
    "roku",
    "windows",
    "windows_phone",
    "xbox_360",
    "xbox_one",
)


def _ids(tag: str, child: str, values: tuple[str, ...]) -> Node:
    return Node(
        tag=tag,
        children=tuple(
            Node(tag=child, attributes={"id": value}, shape=Shape.ID) for value in values
        ),
        shape=Shape.ARRAY,
    )


def user_node(device: Device, base_url: str) -> Node:
    """Return the account of a device as the device itself reads it."""
    account = device.account
    subscription = Node(
        tag="subscription",
        attributes={
            "active": account.plex_pass,
            "subscribedAt": "2024-01-01T00:00:00Z" if account.plex_pass else None,
            "status": "Active" if account.plex_pass else "Inactive",
            "paymentService": None,
            "plan": "lifetime" if account.plex_pass else None,
        },
        children=(_ids("features", "feature", PLEX_PASS_FEATURES if account.plex_pass else ()),),
        shape=Shape.OBJECT,
    )
    profile = Node(
        tag="profile",
        attributes={
            "autoSelectAudio": True,
            "defaultAudioLanguage": "en",
            "defaultSubtitleLanguage": "en",
            "autoSelectSubtitle": 0,
            "defaultSubtitleAccessibility": 0,
            "defaultSubtitleForced": 0,
        },
        shape=Shape.OBJECT,
    )
    in_home = bool(account.home)
    return Node(
        tag="user",
        attributes={
            "id": account.id,
            "uuid": account.uuid,
            "username": account.username,
            "title": account.title,
            "email": account.email,
            "friendlyName": "",
            "locale": None,
            "confirmed": True,
            "emailOnlyAuth": False,
            "hasPassword": True,
            "protected": False,
            "thumb": f"{base_url}/users/{account.uuid}/avatar?c=1700000000",
            "authToken": device.token,
            "mailingListStatus": "unsubscribed",
            "mailingListActive": False,
            "scrobbleTypes": "",
            "country": "ZZ",
            "pin": "",
            "subscriptionDescription": "Lifetime Plex Pass" if account.plex_pass else None,
            "restricted": False,
            "anonymous": None,
            "home": in_home,
            "guest": False,
            "homeSize": max(1, len(account.home)),
            "homeAdmin": in_home and account.home[0] is account,
            "maxHomeSize": 15,
            "rememberExpiresAt": device.created_at + 14 * 86400,
            "adsConsent": None,
            "adsConsentSetAt": None,
            "adsConsentReminderAt": None,
            "experimentalFeatures": False,
            "twoFactorEnabled": False,
            "backupCodesCreated": False,
            "joinedAt": 1500000000,
        },
        children=(
            subscription,
            profile,
            _ids("entitlements", "entitlement", ENTITLEMENTS),
            _ids("roles", "role", ("plexpass",) if account.plex_pass else ()),
        ),
        shape=Shape.OBJECT,
    )


def device_node(device: Device) -> Node:
    """Return a device as its account reads it, with its token."""
    headers = device.headers
    return Node(
        tag="Device",
        attributes={
            "name": device.name,
            "publicAddress": PUBLIC_ADDRESS,
            "product": device.product,
            "productVersion": headers.get("X-Plex-Version", ""),
            "platform": headers.get("X-Plex-Platform", ""),
            "platformVersion": headers.get("X-Plex-Platform-Version", ""),
            "device": headers.get("X-Plex-Device", ""),
            "model": headers.get("X-Plex-Model", ""),
            "vendor": headers.get("X-Plex-Device-Vendor", ""),
            "provides": headers.get("X-Plex-Provides", ""),
            "clientIdentifier": device.client_identifier,
            "version": headers.get("X-Plex-Version", ""),
            "id": device.id,
            "token": device.token,
            "createdAt": device.created_at,
            "lastSeenAt": device.last_seen_at,
            "screenResolution": "",
            "screenDensity": "",
        },
    )


def guest_node(guest: Account, owned: list[PlexServer]) -> Node:
    """Return an account that servers are shared with."""
    shares = tuple(
        Node(
            tag="Server",
            attributes={
                "id": share.id,
                "serverId": server.port,
                "machineIdentifier": server.machine_identifier,
                "name": server.name,
                "lastSeenAt": share.since,
                "numLibraries": sum(
                    share.access.sees(section.id) for section in server.library.sections
                ),
                "allLibraries": share.sections is None,
                "owned": True,
                "pending": False,
            },
        )
        for server in owned
        for share in server.shares
        if share.account is guest
    )
    return Node(
        tag="User",
        attributes={
            "id": guest.id,
            "title": guest.title,
            "username": guest.username,
            "email": guest.email,
            "thumb": "",
            "home": False,
            "protected": False,
            "restricted": False,
            "allowSync": False,
            "allowCameraUpload": False,
            "allowChannels": False,
        },
        children=shares,
    )


def home_user_node(member: Account) -> Node:
    """Return a member of a Plex Home."""
    admin = member.home[0] is member
    return Node(
        tag="User",
        attributes={
            "id": member.id,
            "uuid": member.uuid,
            "title": member.title,
            "username": member.username,
            "email": member.email,
            "admin": admin,
            "guest": False,
            "restricted": False,
            "protected": False,
            "thumb": "",
        },
        key="users",
    )


def share_node(server: PlexServer, share: Share) -> Node:
    """Return the share of a server as its owner reads it: with its token and the libraries."""
    sections = (
        Node(
            tag="Section",
            attributes={
                "id": share.id * 100 + section.id,
                "key": section.id,
                "title": section.title,
                "type": section.kind.word,
                "shared": share.access.sees(section.id),
            },
        )
        for section in server.library.sections
    )
    return Node(
        tag="SharedServer",
        attributes={
            "id": share.id,
            "username": share.account.username,
            "email": share.account.email,
            "userID": share.account.id,
            "accessToken": share.token,
            "name": server.name,
            "acceptedAt": share.since,
            "allLibraries": share.sections is None,
            "owned": False,
        },
        children=tuple(sections),
    )
