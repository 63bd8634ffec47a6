// One call: its parties, who hears whom, its recording. On the server's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/media/media_server.h"
#include "libs/media/party.h"
#include "libs/media/record_writer.h"
#include "libs/media/recording.h"

namespace ctc::media {

class Room {
 public:
  explicit Room(RecordWriter& writer) : writer_(writer) {}

  void Add(std::unique_ptr<Party> party);
  Party* Find(std::string_view name);
  void Close(std::string_view name, uint64_t frame);
  // Everybody, and the recording.
  void CloseAll(uint64_t frame);
  bool empty() const { return parties_.empty(); }

  void SetHearing(Hearing hearing);
  void SetWatched(std::vector<std::string> parties);
  void SetRecorded(std::vector<std::string> parties);

  void Record(RecordSpec spec);
  void PauseRecording();
  void ResumeRecording();
  void StopRecording() { EndRecording(RecordEnd::kStopped); }

  // One frame, of all.
  void Tick(uint64_t frame);

 private:
  struct Active {
    RecordSpec spec;
    Recording recording;
    std::shared_ptr<RecordFile> file;
    std::vector<const Party*> voices;
  };

  void Link();
  bool IsRecorded(const std::string& party) const;
  void TickRecording();
  void EndRecording(RecordEnd end);

  RecordWriter& writer_;
  std::vector<std::unique_ptr<Party>> parties_;
  Hearing hearing_;
  std::vector<std::string> watched_;
  std::optional<std::vector<std::string>> recorded_;  // absent: everybody
  std::vector<std::vector<const Party*>> heard_;      // by each of parties_
  std::optional<Active> active_;
  std::vector<const Frame*> voices_;  // memory of Tick
};

}  // namespace ctc::media
