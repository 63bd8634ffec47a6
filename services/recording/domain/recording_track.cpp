#include "services/recording/domain/recording_track.h"

namespace ctc::recording {
namespace {

bool IsLive(const v1::Recording& recording) {
  return recording.state() == "RECORDING" || recording.state() == "PAUSED";
}

bool InGap(const v1::Recording& recording) {
  return recording.gaps_size() > 0 && !recording.gaps(recording.gaps_size() - 1).has_to();
}

void CloseGap(v1::Recording& recording, const google::protobuf::Timestamp& at) {
  if (InGap(recording)) *recording.mutable_gaps(recording.gaps_size() - 1)->mutable_to() = at;
}

}  // namespace

bool IsRecordingEvent(const session::v1::CallEvent& event) {
  return event.type().starts_with("recording.");
}

bool BeginsRecording(const v1::Recording* current, const session::v1::CallEvent& event) {
  if (current == nullptr) return true;
  return event.type() == "recording.started" && !IsLive(*current);
}

void Track(v1::Recording& recording, const session::v1::CallEvent& event) {
  const std::string& type = event.type();
  if (!recording.has_started_at()) *recording.mutable_started_at() = event.occurred_at();
  if (type == "recording.started") {
    if (recording.state().empty()) recording.set_state("RECORDING");
  } else if (type == "recording.paused") {
    recording.set_state("PAUSED");
    if (!InGap(recording)) *recording.add_gaps()->mutable_from() = event.occurred_at();
  } else if (type == "recording.resumed") {
    recording.set_state("RECORDING");
    CloseGap(recording, event.occurred_at());
  } else if (type == "recording.stopped") {
    CloseGap(recording, event.occurred_at());
    if (recording.state() != "READY") recording.set_state("STOPPED");
    *recording.mutable_ended_at() = event.occurred_at();
  } else if (type == "recording.ready") {
    CloseGap(recording, event.occurred_at());
    recording.set_state("READY");
    recording.set_recording_url(event.detail());
    if (!recording.has_ended_at()) *recording.mutable_ended_at() = event.occurred_at();
  }
}

}  // namespace ctc::recording
