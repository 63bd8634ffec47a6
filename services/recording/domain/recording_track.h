// The recordings of a session as a fold over its recording.* events, which come in any order. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/session/v1/call_event.pb.h"

namespace ctc::recording {

inline constexpr char kReady[] = "READY";
inline constexpr char kFailed[] = "FAILED";    // it ended, and its audio never was to be had
inline constexpr char kDeleted[] = "DELETED";  // it was READY; its audio is gone for good

bool IsRecordingEvent(const session::v1::CallEvent& event);

// Which of a session's recordings, in the order of their beginning, a recording event tells of;
// absent when it begins one more. A start begins one unless a recording runs or had not ended by
// then. What a provider tells late is told of an older recording: a stop by its time, an address or
// that there is none by who still has none.
std::optional<size_t> Concerned(std::span<const v1::Recording> recordings,
                                const session::v1::CallEvent& event);

// `recording` after `event`. A repeated event changes nothing.
void Track(v1::Recording& recording, const session::v1::CallEvent& event);

}  // namespace ctc::recording
