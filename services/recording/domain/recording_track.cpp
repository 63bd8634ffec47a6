#include "services/recording/domain/recording_track.h"

#include "libs/base/proto_time.h"

namespace ctc::recording {
namespace {

using Recordings = std::span<const v1::Recording>;

// As exact as they are kept.
int64_t Ms(const google::protobuf::Timestamp& time) {
  return absl::ToUnixMillis(base::FromProto(time));
}

bool IsLive(const v1::Recording& recording) {
  return recording.state() == "RECORDING" || recording.state() == "PAUSED";
}

bool InGap(const v1::Recording& recording) {
  return recording.gaps_size() > 0 && !recording.gaps(recording.gaps_size() - 1).has_to();
}

void CloseGap(v1::Recording& recording, const google::protobuf::Timestamp& at) {
  if (InGap(recording)) *recording.mutable_gaps(recording.gaps_size() - 1)->mutable_to() = at;
}

// Its audio was to be had.
bool WasReady(const v1::Recording& recording) {
  return recording.state() == kReady || recording.state() == kDeleted;
}

// A READY one is never live again, else its audio would be locked away; nor is one that failed.
bool HadEnded(const v1::Recording& recording, const google::protobuf::Timestamp& at) {
  if (WasReady(recording) || recording.state() == kFailed) return true;
  return recording.state() == "STOPPED" && Ms(at) <= Ms(recording.ended_at());
}

// One that was first heard of by its end has that for its beginning until it is told.
bool OwnsStart(const v1::Recording& recording, int64_t at) {
  if (IsLive(recording)) return true;
  const int64_t end = Ms(recording.ended_at());
  return at < end || (at == end && Ms(recording.started_at()) >= end);
}

std::optional<size_t> OfStart(Recordings recordings, int64_t at) {
  for (size_t i = 0; i < recordings.size(); ++i) {
    if (OwnsStart(recordings[i], at)) return i;
  }
  return std::nullopt;
}

// The one that had begun by then; the first when none had.
size_t OfMoment(Recordings recordings, int64_t at) {
  size_t i = recordings.size() - 1;
  while (i > 0 && Ms(recordings[i].started_at()) > at) --i;
  return i;
}

// The one without audio that lasted then, even if it is said to have failed; else the oldest that
// still waits for its own.
size_t OfAddress(Recordings recordings, int64_t at, const std::string& url) {
  std::optional<size_t> oldest;
  std::optional<size_t> by_time;
  for (size_t i = 0; i < recordings.size(); ++i) {
    const v1::Recording& recording = recordings[i];
    if (!url.empty() && recording.recording_url() == url) return i;
    const bool waits = recording.state() == "STOPPED" && recording.recording_url().empty();
    if (!waits && recording.state() != kFailed) continue;
    if (waits && !oldest.has_value()) oldest = i;
    const bool then = Ms(recording.started_at()) <= at && at <= Ms(recording.ended_at());
    if (then && !by_time.has_value()) by_time = i;
  }
  return by_time.value_or(oldest.value_or(recordings.size() - 1));
}

// The one that lasted then and has no audio; by its moment when that is none.
size_t OfFailure(Recordings recordings, int64_t at) {
  for (size_t i = 0; i < recordings.size(); ++i) {
    const v1::Recording& recording = recordings[i];
    const bool then =
        Ms(recording.started_at()) <= at && (IsLive(recording) || at <= Ms(recording.ended_at()));
    if (then && !WasReady(recording)) return i;
  }
  return OfMoment(recordings, at);
}

}  // namespace

bool IsRecordingEvent(const session::v1::CallEvent& event) {
  return event.type().starts_with("recording.");
}

std::optional<size_t> Concerned(Recordings recordings, const session::v1::CallEvent& event) {
  if (recordings.empty()) return std::nullopt;
  const int64_t at = Ms(event.occurred_at());
  if (event.type() == "recording.started") return OfStart(recordings, at);
  if (event.type() == "recording.ready") return OfAddress(recordings, at, event.detail());
  if (event.type() == "recording.failed") return OfFailure(recordings, at);
  return OfMoment(recordings, at);
}

void Track(v1::Recording& recording, const session::v1::CallEvent& event) {
  const std::string& type = event.type();
  const google::protobuf::Timestamp& at = event.occurred_at();
  if (!recording.has_started_at()) *recording.mutable_started_at() = at;
  if (type == "recording.started") {
    if (recording.state().empty()) recording.set_state("RECORDING");
    if (Ms(at) < Ms(recording.started_at())) *recording.mutable_started_at() = at;
  } else if (type == "recording.paused") {
    if (HadEnded(recording, at)) return;
    recording.set_state("PAUSED");
    recording.clear_ended_at();
    if (!InGap(recording)) *recording.add_gaps()->mutable_from() = at;
  } else if (type == "recording.resumed") {
    if (HadEnded(recording, at)) return;
    recording.set_state("RECORDING");
    recording.clear_ended_at();
    CloseGap(recording, at);
  } else if (type == "recording.stopped") {
    CloseGap(recording, at);
    if (!WasReady(recording) && recording.state() != kFailed) recording.set_state("STOPPED");
    *recording.mutable_ended_at() = at;
  } else if (type == "recording.ready") {
    CloseGap(recording, at);
    if (recording.state() == kDeleted) return;
    recording.set_state(kReady);
    recording.set_recording_url(event.detail());
    recording.clear_error_message();  // there is audio, whatever was thought before
    if (!recording.has_ended_at()) *recording.mutable_ended_at() = at;
  } else if (type == "recording.failed") {
    CloseGap(recording, at);
    if (WasReady(recording)) return;
    recording.set_state(kFailed);
    recording.set_error_message(event.detail());
    if (!recording.has_ended_at()) *recording.mutable_ended_at() = at;
  }
}

}  // namespace ctc::recording
