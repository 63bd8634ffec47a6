// The recordings of a session as a fold over its recording.* events. Pure.
#pragma once

#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/session/v1/call_event.pb.h"

namespace ctc::recording {

bool IsRecordingEvent(const session::v1::CallEvent& event);

// True when `event` begins a recording rather than continuing `current` (null when there is none).
bool BeginsRecording(const v1::Recording* current, const session::v1::CallEvent& event);

// `recording` after `event`. A repeated event changes nothing.
void Track(v1::Recording& recording, const session::v1::CallEvent& event);

}  // namespace ctc::recording
