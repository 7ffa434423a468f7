#!/usr/bin/env python3
"""What Vertex AI rejects: `problems(path, body)` says it of one request, as its v1beta1 API would.

Vertex AI parses requests as protocol buffers' JSON, so a field that its message does not have is an error, as are an
enum's value that it does not know and a list in place of a value. Names come in lower camel case or with underscores.
The fields are those of the REST reference of Vertex AI v1beta1 and of the official Gen AI SDK's requests to it; fields
that the SDK documents as "not supported in Vertex AI" are missing on purpose.

    python3 .ci/vertex_strict.py < requests.jsonl     # lines of {"path", "body"}; prints what is wrong
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from typing import Any, Callable

# A field is one of the scalar checks below, the name of a message, a list of one of these, or ANY.
Check = Callable[[Any], "str | None"]


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def number(value: Any) -> str | None:
    if isinstance(value, bool):
        return "must be a number"
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return "must be a number"
        return None
    return None if isinstance(value, (int, float)) else "must be a number"


def whole(value: Any) -> str | None:
    wrong = number(value)
    return wrong or (None if float(value) == int(float(value)) else "must be a whole number")


def truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def struct(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def anything(value: Any) -> str | None:
    return None


def data(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be base64"
    bare = value.rstrip("=").replace("-", "+").replace("_", "/")
    if "MEDIACUT" in value:
        return None
    try:
        base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return "must be base64"
    return None


def duration(value: Any) -> str | None:
    ok = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d{1,9})?s", value)
    return None if ok else "must be a duration such as 1.5s"


def texts(value: Any) -> str | None:
    ok = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return None if ok else "must be an object of strings"


def words(*names: str, numbers: int = 0) -> Check:
    """An enum; its values are taken in any case, or as numbers up to `numbers`."""

    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= numbers:
            return None
        ok = isinstance(value, str) and value.upper() in names
        return None if ok else f"{value!r} is none of {', '.join(names)}"

    return check


def uri(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if "generativelanguage.googleapis.com" in value or value.startswith("files/"):
        return "is a file of AI Studio"
    return None if re.match(r"(gs|https?)://", value) else "must be gs://, http:// or https://"


def cached_content(value: Any) -> str | None:
    ok = isinstance(value, str) and re.fullmatch(r"projects/[^/]+/locations/[^/]+/cachedContents/[\w.-]+", value)
    return None if ok else "must be projects/…/locations/…/cachedContents/…"


def model(value: Any) -> str | None:
    pattern = r"projects/[^/]+/locations/[^/]+/(publishers/[^/]+/models/[\w.@-]+|models/[\w.@-]+|endpoints/\d+)"
    ok = isinstance(value, str) and re.fullmatch(pattern, value)
    return None if ok else "must be projects/…/locations/…/publishers/google/models/…"


TYPE = words(
    "TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", numbers=7
)
CATEGORY = words(
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_JAILBREAK",
    "HARM_CATEGORY_IMAGE_HATE",
    "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
    "HARM_CATEGORY_IMAGE_HARASSMENT",
    "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
)
THRESHOLD = words(
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
    numbers=5,
)
METHOD = words("HARM_BLOCK_METHOD_UNSPECIFIED", "SEVERITY", "PROBABILITY", numbers=2)
MODE = words("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED", numbers=5)
MODALITY = words("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO", numbers=4)
RESOLUTION = words(
    "MEDIA_RESOLUTION_UNSPECIFIED",
    "MEDIA_RESOLUTION_LOW",
    "MEDIA_RESOLUTION_MEDIUM",
    "MEDIA_RESOLUTION_HIGH",
    "MEDIA_RESOLUTION_ULTRA_HIGH",
    numbers=4,
)
LANGUAGE = words("LANGUAGE_UNSPECIFIED", "PYTHON", numbers=1)
OUTCOME = words("OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED", numbers=3)
LEVEL = words("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", numbers=4)
SCHEDULING = words("SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT", numbers=3)
TASK = words(
    "UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)

SPEECH = {
    "languageCode": text,
    "multiSpeakerVoiceConfig": "MultiSpeaker",
    "voiceConfig": "Voice",
}
FILE = {"displayName": text, "fileUri": uri, "mimeType": text}
BLOB = {"data": data, "displayName": text, "mimeType": text}

MESSAGES: dict[str, dict[str, Any]] = {
    "GenerateContent": {
        "cachedContent": cached_content,
        "contents": ["Content"],
        "generationConfig": "GenerationConfig",
        "labels": texts,
        "modelArmorConfig": {"promptTemplateName": text, "responseTemplateName": text},
        "safetySettings": [{"category": CATEGORY, "method": METHOD, "threshold": THRESHOLD}],
        "serviceTier": text,
        "systemInstruction": "Instruction",
        "toolConfig": "ToolConfig",
        "tools": ["Tool"],
    },
    "CountTokens": {
        "contents": ["Content"],
        "generationConfig": "GenerationConfig",
        "instances": [anything],
        "model": model,
        "systemInstruction": "Instruction",
        "tools": ["Tool"],
    },
    "CachedContent": {
        "contents": ["Content"],
        "createTime": text,
        "displayName": text,
        "encryptionSpec": {"kmsKeyName": text},
        "expireTime": text,
        "model": model,
        "name": cached_content,
        "systemInstruction": "Instruction",
        "toolConfig": "ToolConfig",
        "tools": ["Tool"],
        "ttl": duration,
        "updateTime": text,
    },
    "Predict": {"instances": [anything], "labels": texts, "parameters": anything},
    "TextEmbedding": {
        "instances": [{"content": text, "mimeType": text, "task_type": TASK, "title": text}],
        "parameters": {"autoTruncate": truth, "outputDimensionality": whole},
    },
    "EmbedContent": {"content": "Instruction", "embedContentConfig": "EmbedContentConfig", "model": model},
    "BatchEmbedContents": {"requests": ["EmbedContent"]},
    "EmbedContentConfig": {
        "audioTrackExtraction": truth,
        "autoTruncate": truth,
        "documentOcr": truth,
        "outputDimensionality": whole,
        "taskType": TASK,
        "title": text,
    },
    "Content": {"parts": ["Part"], "role": words("user", "model")},
    "Instruction": {"parts": ["Part"], "role": text},
    "Part": {
        "codeExecutionResult": {"outcome": OUTCOME, "output": text},
        "executableCode": {"code": text, "language": LANGUAGE},
        "fileData": FILE,
        "functionCall": {
            "args": struct,
            "id": text,
            "name": text,
            "partialArgs": [anything],
            "willContinue": truth,
        },
        "functionResponse": {
            "id": text,
            "name": text,
            "parts": [{"fileData": FILE, "inlineData": BLOB}],
            "response": struct,
            "scheduling": SCHEDULING,
        },
        "inlineData": BLOB,
        "mediaResolution": {"level": RESOLUTION, "numTokens": whole},
        "text": text,
        "thought": truth,
        "thoughtSignature": data,
        "videoMetadata": {"endOffset": duration, "fps": number, "startOffset": duration},
    },
    "Tool": {
        "codeExecution": {},
        "computerUse": {
            "disabledSafetyPolicies": [text],
            "enablePromptInjectionDetection": truth,
            "environment": text,
            "excludedPredefinedFunctions": [text],
        },
        "enterpriseWebSearch": {"blockingConfidence": text, "excludeDomains": [text]},
        "exaAiSearch": anything,
        "functionDeclarations": [
            {
                "description": text,
                "name": text,
                "parameters": "Schema",
                "parametersJsonSchema": anything,
                "response": "Schema",
                "responseJsonSchema": anything,
            }
        ],
        "googleMaps": {"authConfig": anything, "enableWidget": truth, "groundingTypes": anything},
        "googleSearch": {"blockingConfidence": text, "excludeDomains": [text], "searchTypes": anything},
        "googleSearchRetrieval": {"dynamicRetrievalConfig": {"dynamicThreshold": number, "mode": text}},
        "parallelAiSearch": anything,
        "retrieval": anything,
        "urlContext": {},
    },
    "ToolConfig": {
        "functionCallingConfig": {
            "allowedFunctionNames": [text],
            "mode": MODE,
            "streamFunctionCallArguments": truth,
        },
        "retrievalConfig": {"languageCode": text, "latLng": {"latitude": number, "longitude": number}},
    },
    "GenerationConfig": {
        "audioTimestamp": truth,
        "audioTranscriptionConfig": anything,
        "candidateCount": whole,
        "enableAffectiveDialog": truth,
        "frequencyPenalty": number,
        "imageConfig": {
            "aspectRatio": text,
            "imageOutputOptions": {"compressionQuality": whole, "mimeType": text},
            "imageSize": text,
            "personGeneration": text,
            "prominentPeople": text,
        },
        "logprobs": whole,
        "maxOutputTokens": whole,
        "mediaResolution": RESOLUTION,
        "modelConfig": anything,
        "presencePenalty": number,
        "responseFormat": anything,
        "responseJsonSchema": anything,
        "responseLogprobs": truth,
        "responseMimeType": text,
        "responseModalities": [MODALITY],
        "responseSchema": "Schema",
        "routingConfig": anything,
        "seed": whole,
        "speechConfig": SPEECH,
        "stopSequences": [text],
        "temperature": number,
        "thinkingConfig": {"includeThoughts": truth, "thinkingBudget": whole, "thinkingLevel": LEVEL},
        "topK": number,
        "topP": number,
        "translationConfig": anything,
    },
    "Voice": {
        "prebuiltVoiceConfig": {"voiceName": text},
        "replicatedVoiceConfig": {"mimeType": text, "voiceSampleAudio": data},
    },
    "MultiSpeaker": {"speakerVoiceConfigs": [{"speaker": text, "voiceConfig": "Voice"}]},
    "Schema": {
        "additionalProperties": anything,
        "anyOf": ["Schema"],
        "default": anything,
        "defs": "Schemas",
        "description": text,
        "enum": [text],
        "example": anything,
        "format": text,
        "items": "Schema",
        "maxItems": whole,
        "maxLength": whole,
        "maxProperties": whole,
        "maximum": number,
        "minItems": whole,
        "minLength": whole,
        "minProperties": whole,
        "minimum": number,
        "nullable": truth,
        "pattern": text,
        "properties": "Schemas",
        "propertyOrdering": [text],
        "ref": text,
        "required": [text],
        "title": text,
        "type": TYPE,
    },
}
# Roles are compared as they are.
MESSAGES["Content"]["role"] = lambda value: None if value in ("user", "model") else "must be user or model"

PART_DATA = (
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "text",
)


def camel(name: str) -> str:
    return re.sub(r"(?<=[A-Za-z0-9])_([a-z0-9])", lambda found: found.group(1).upper(), name)


def check(value: Any, kind: Any, where: str, out: list[str]) -> None:
    if value is None:
        return
    if isinstance(kind, list):
        if not isinstance(value, list):
            out.append(f"{where}: must be a list")
            return
        for at, item in enumerate(value):
            if item is None:
                out.append(f"{where}[{at}]: null in a list")
            check(item, kind[0], f"{where}[{at}]", out)
    elif kind == "Schemas":
        for name, item in value.items() if isinstance(value, dict) else [("", value)]:
            check(item, "Schema", f"{where}.{name}", out)
    elif isinstance(kind, (str, dict)):
        check_message(value, kind, where, out)
    elif wrong := kind(value):
        out.append(f"{where}: {wrong}")


def check_message(value: Any, kind: str | dict, where: str, out: list[str]) -> None:
    fields = MESSAGES[kind] if isinstance(kind, str) else kind
    if not isinstance(value, dict):
        out.append(f"{where}: must be an object")
        return
    seen = {}
    for name, item in value.items():
        plain = name if name in fields else camel(name)
        if plain not in fields:
            out.append(f"{where}: unknown name {name!r}")
            continue
        if plain in seen:
            out.append(f"{where}: {plain} occurs twice")
        seen[plain] = item
        check(item, fields[plain], f"{where}.{plain}" if where else plain, out)
    present = {name for name, item in seen.items() if item is not None}
    if kind == "Content" and "role" not in present:
        out.append(f"{where}: role is missing, Please use a valid role: user, model.")
    if kind in ("Content", "Instruction") and not seen.get("parts"):
        out.append(f"{where}: must include at least one parts field")
    if kind == "Part" and len(given := present & set(PART_DATA)) > 1:
        out.append(f"{where}: oneof data is given as {', '.join(sorted(given))}")
    if fields is FILE and not present >= {"fileUri", "mimeType"}:
        out.append(f"{where}: fileUri and mimeType are required")
    if fields is BLOB and not present >= {"data", "mimeType"}:
        out.append(f"{where}: data and mimeType are required")


METHODS = {
    "generateContent": "GenerateContent",
    "streamGenerateContent": "GenerateContent",
    "countTokens": "CountTokens",
    "embedContent": "EmbedContent",
    "batchEmbedContents": "BatchEmbedContents",
}
RESOURCE = r"/v1beta1/projects/[a-z0-9.:-]+/locations/[a-z0-9-]+"
# What recordings have in place of their project and location.
PLACEHOLDERS = {"<GOOGLE_CLOUD_PROJECT>": "test-project", "<GOOGLE_CLOUD_LOCATION>": "global"}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def problems(path: str, body: bytes | str) -> list[str]:
    """What Vertex AI would reject in a request with this path (without query) and body."""
    for placeholder, name in PLACEHOLDERS.items():
        path = path.replace(placeholder, name)
    out: list[str] = []
    found = re.fullmatch(RESOURCE + r"/publishers/google/models/([A-Za-z0-9._@-]+):([A-Za-z]+)", path)
    if found:
        name, method = found.groups()
        message = METHODS.get(method)
        if method == "predict":
            message = "TextEmbedding" if "embedding" in name else "Predict"
        if message is None:
            return [f"path: {method} is no method of a model"]
    elif re.fullmatch(RESOURCE + r"/cachedContents(/[\w.-]+)?", path):
        message = "CachedContent"
    elif re.fullmatch(r"/v1beta1/publishers/google/models(/[A-Za-z0-9._@-]+)?", path):
        return ["body: must be empty"] if body else []
    else:
        return [f"path: {path} is none of Vertex AI's"]
    if not body and message == "CachedContent":
        return []
    try:
        value = json.loads(body, object_pairs_hook=unique)
    except ValueError as error:
        return [f"body: {error}"]
    check(value, message, "", out)
    if message in ("GenerateContent", "CountTokens") and not value.get("contents"):
        out.append("contents: at least one contents field is required")
    if message in ("TextEmbedding", "Predict") and not value.get("instances"):
        out.append("instances: at least one is required")
    return out


def main() -> int:
    wrong = 0
    for number_of_line, line in enumerate(sys.stdin, 1):
        request = json.loads(line)
        for problem in problems(request["path"], request["body"]):
            wrong += 1
            print(f"{number_of_line}: {problem}")
    print(f"{wrong} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
