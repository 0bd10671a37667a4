"""Names and response data of the background tasks and activities of a server."""

import re
from typing import Final

from homeassistant.util.json import JsonObjectType

from ..plex.models import Activity, ButlerTask

# Plex's names of its background tasks (official API 1.2.2), by the names in our actions.
TASKS: Final = {
    "automatic_updates": "AutomaticUpdates",
    "backup_database": "BackupDatabase",
    "clean_old_bundles": "CleanOldBundles",
    "clean_old_cache_files": "CleanOldCacheFiles",
    "deep_media_analysis": "DeepMediaAnalysis",
    "garbage_collect_blobs": "GarbageCollectBlobs",
    "garbage_collect_library_media": "GarbageCollectLibraryMedia",
    "generate_ad_markers": "ButlerTaskGenerateAdMarkers",
    "generate_blur_hashes": "GenerateBlurHashes",
    "generate_chapter_thumbs": "GenerateChapterThumbs",
    "generate_credits_markers": "ButlerTaskGenerateCreditsMarkers",
    "generate_intro_markers": "ButlerTaskGenerateIntroMarkers",
    "generate_media_index_files": "GenerateMediaIndexFiles",
    "generate_voice_activity": "ButlerTaskGenerateVoiceActivity",
    "loudness_analysis": "LoudnessAnalysis",
    "music_analysis": "MusicAnalysis",
    "optimize_database": "OptimizeDatabase",
    "refresh_epg_guides": "RefreshEpgGuides",
    "refresh_libraries": "RefreshLibraries",
    "refresh_local_media": "RefreshLocalMedia",
    "refresh_periodic_metadata": "RefreshPeriodicMetadata",
    "upgrade_media_analysis": "UpgradeMediaAnalysis",
}
_NAMES: Final = {plex_name: name for name, plex_name in TASKS.items()}


def plex_name(task: str) -> str:
    """Return Plex's name of a task; an unknown name is taken for Plex's own."""
    return TASKS.get(task, task)


def task_response(task: ButlerTask) -> JsonObjectType:
    """Return a background task, with the name by which actions run and stop it."""
    return {
        "task": _NAMES.get(task.name, task.name),
        "name": task.title or _readable_name(task.name),
        "description": task.description,
        "enabled": task.enabled,
        "interval_days": task.interval,
    }


def activity_response(activity: Activity) -> JsonObjectType:
    """Return an activity of the server, of a background task or other."""
    return {
        "title": activity.title,
        "subtitle": activity.subtitle,
        "progress": activity.progress,
        "activity_type": activity.activity_type,
        "can_be_cancelled": activity.cancellable,
        "activity": activity.uuid,
    }


def _readable_name(name: str) -> str:
    """Return a readable form of Plex's name of a task, most of which have no title."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("ButlerTask"))
    return words.capitalize()
