#include "libs/media/room.h"

#include <algorithm>
#include <utility>

#include "libs/media/mixer.h"

namespace ctc::media {
namespace {

constexpr absl::Duration kBeepLength = absl::Milliseconds(300);
constexpr size_t kFlush = kSampleRate;  // bytes: a second

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void Room::Add(std::unique_ptr<Party> party) {
  party->Watch(Contains(watched_, party->name()));
  parties_.push_back(std::move(party));
  Link();
}

Party* Room::Find(std::string_view name) {
  for (const auto& party : parties_) {
    if (party->name() == name) return party.get();
  }
  return nullptr;
}

void Room::Close(std::string_view name, uint64_t frame) {
  const auto found = std::find_if(parties_.begin(), parties_.end(),
                                  [name](const auto& party) { return party->name() == name; });
  if (found == parties_.end()) return;
  const std::unique_ptr<Party> closed = std::move(*found);
  parties_.erase(found);
  Link();
  closed->Close(frame);
  if (parties_.empty()) EndRecording(RecordEnd::kClosed);
}

void Room::CloseAll(uint64_t frame) {
  while (!parties_.empty()) {
    const std::string name = parties_.back()->name();
    Close(name, frame);
  }
}

void Room::SetHearing(Hearing hearing) {
  hearing_ = std::move(hearing);
  Link();
}

void Room::SetWatched(std::vector<std::string> parties) {
  watched_ = std::move(parties);
  for (const auto& party : parties_) party->Watch(Contains(watched_, party->name()));
}

// Pointers in place of names, once for each change instead of in each frame.
void Room::Link() {
  heard_.assign(parties_.size(), {});
  for (size_t i = 0; i < parties_.size(); ++i) {
    for (const auto& speaker : parties_) {
      const bool heard = std::find(hearing_.begin(), hearing_.end(),
                                   Heard{speaker->name(), parties_[i]->name()}) != hearing_.end();
      if (heard && speaker != parties_[i]) heard_[i].push_back(speaker.get());
    }
  }
  if (!active_) return;
  active_->voices.clear();
  for (const auto& party : parties_) {
    if (IsRecorded(party->name())) active_->voices.push_back(party.get());
  }
}

bool Room::IsRecorded(const std::string& party) const {
  if (!active_->spec.parties.empty()) return Contains(active_->spec.parties, party);
  return !recorded_ || Contains(*recorded_, party);
}

void Room::SetRecorded(std::vector<std::string> parties) {
  recorded_ = std::move(parties);
  Link();
}

void Room::Tick(uint64_t frame) {
  for (const auto& party : parties_) party->Receive(frame);
  for (size_t i = 0; i < parties_.size(); ++i) {
    voices_.clear();
    for (const Party* speaker : heard_[i]) {
      if (speaker->voice() != nullptr) voices_.push_back(speaker->voice());
    }
    parties_[i]->Send(frame, voices_);
  }
  TickRecording();
}

void Room::Record(RecordSpec spec) {
  if (active_) {
    if (spec.on_done) spec.on_done(absl::AlreadyExistsError("the call is being recorded"));
    return;
  }
  const absl::Duration lead = spec.beep ? kBeepLength : absl::ZeroDuration();
  Recording recording(spec.max_length, spec.silence_end, lead);
  std::shared_ptr<RecordFile> file = writer_.Create(spec.path, spec.keeps_empty);
  active_.emplace(Active{std::move(spec), std::move(recording), std::move(file), {}});
  Link();
  if (!active_->spec.beep) return;
  const std::vector<Piece> beep = PiecesOf({Beep{.length = kBeepLength}});
  for (const auto& party : parties_) {
    const auto& voices = active_->voices;
    if (std::find(voices.begin(), voices.end(), party.get()) != voices.end()) party->PlayBeep(beep);
  }
}

void Room::PauseRecording() {
  if (active_) active_->recording.Pause();
}

void Room::ResumeRecording() {
  if (active_) active_->recording.Resume();
}

void Room::TickRecording() {
  if (!active_) return;
  voices_.clear();
  for (const Party* party : active_->voices) {
    if (party->voice() != nullptr) voices_.push_back(party->voice());
  }
  Frame mixed;
  Mix(voices_, mixed);
  const auto end = active_->recording.Add(mixed);
  writer_.Append(active_->file, active_->recording.TakeBytes(kFlush));
  if (end || active_->file->failed()) EndRecording(end.value_or(RecordEnd::kStopped));
}

void Room::EndRecording(RecordEnd end) {
  if (!active_) return;
  Active ended = *std::exchange(active_, std::nullopt);
  writer_.Append(ended.file, ended.recording.TakeBytes(1));
  const Recorded recorded{ended.recording.length(), end};
  writer_.Finish(ended.file, [recorded, done = std::move(ended.spec.on_done)](absl::Status status) {
    if (!done) return;
    if (status.ok()) {
      done(recorded);
    } else {
      done(std::move(status));
    }
  });
}

}  // namespace ctc::media
