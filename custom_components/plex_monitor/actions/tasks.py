"""The background tasks of a server, as people choose them."""

import re
from typing import Final

from homeassistant.util.json import JsonObjectType

from ..plex.models import Activity, ButlerTask

# What Plex calls its background tasks (official API 1.2.2), by what they are called here.
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
_KEYS: Final = {name: key for key, name in TASKS.items()}


def plex_name(task: str) -> str:
    """Return Plex's name of a task; one that is not known here is taken for just that."""
    return TASKS.get(task, task)


def task_response(task: ButlerTask) -> JsonObjectType:
    """Return a background task, with what it is to be called when it is to be run or stopped."""
    return {
        "task": _KEYS.get(task.name, task.name),
        "name": task.title or _in_words(task.name),
        "description": task.description,
        "enabled": task.enabled,
        "interval_days": task.interval,
    }


def activity_response(activity: Activity) -> JsonObjectType:
    """Return something that the server is busy with, a background task or other."""
    return {
        "title": activity.title,
        "subtitle": activity.subtitle,
        "progress": activity.progress,
        "activity_type": activity.activity_type,
        "can_be_cancelled": activity.cancellable,
        "activity": activity.uuid,
    }


def _in_words(name: str) -> str:
    """Return a readable form of Plex's name of a task, most of which have no title."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("ButlerTask"))
    return words.capitalize()
