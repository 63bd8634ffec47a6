#include "tools/simulator/ari_callers.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

namespace ctc::simulator {
namespace {

// Longer than a service takes to answer one prompt with the next, not scaled: it is the service's.
constexpr absl::Duration kSilence = absl::Milliseconds(500);
constexpr absl::Duration kEntry = absl::Seconds(30);

// A text that is spelled out is a list of letters and digits.
std::string WordOf(const std::string& media) {
  if (!media.starts_with("sound:letters/") && !media.starts_with("sound:digits/")) {
    return "play " + (media.starts_with("sound:") ? media.substr(6) : media);
  }
  std::string spelled;
  for (const auto sound : absl::StrSplit(media, ',')) {
    if (!sound.empty()) spelled += sound.back();
  }
  return "say " + spelled;
}

std::string WithoutPlus(const std::string& number) {
  return number.starts_with("+") ? number.substr(1) : number;
}

}  // namespace

AriCallers::AriCallers(World& world, AriSwitch& line) : world_(world), line_(line) {
  line_.Watch([this](const Channel& channel, const std::string& what, const std::string& detail) {
    OnHappening(channel, what, detail);
  });
}

absl::StatusOr<std::string> AriCallers::Ring(CallerPtr caller) {
  const CallerScript& script = caller->script();
  const std::vector<std::string> apps = line_.events().Apps();
  const std::string app = !script.account.empty() ? script.account
                          : apps.empty()          ? ""
                                                  : apps.front();
  if (!line_.events().Connected(app)) {
    return absl::FailedPreconditionError("no application is connected: SIP 603");
  }
  auto channel = std::make_shared<Channel>(world_.executor(), "1795369225." + world_.RandomHex(6),
                                           "PJSIP/trunk");
  channel->state = "Ring";
  channel->ends_quietly = true;
  channel->caller_number = WithoutPlus(script.from);
  channel->app = app;
  channel->args = {"inbound", WithoutPlus(script.to)};
  auto line = std::make_shared<Line>();
  line->channel = line_.AddChannel(channel);
  line->caller = std::move(caller);
  lines_[channel->id] = line;
  line_.EnterApp(channel);
  world_.Spawn(HangUpAfter(line, line->caller->script().hang_up_after), "caller");
  return channel->id;
}

void AriCallers::OnHappening(const Channel& channel, const std::string& what,
                             const std::string& detail) {
  const auto found = lines_.find(channel.id);
  if (found == lines_.end()) return;
  const LinePtr line = found->second;
  ++line->happenings;
  if (what == "play") {
    line->caller->Heard(WordOf(detail));
  } else if (what == "played") {
    world_.Spawn(ListenForQuestion(line), "caller");
  } else if (what == "music") {
    line->music = detail == "on";
    if (line->music) line->caller->Heard("music ");
  } else if (what == "record") {
    world_.Spawn(Speak(line, detail), "caller");
  } else if (what == "joined" && !line->joined) {
    line->joined = true;
    line->caller->Heard("joined");
    world_.Spawn(HangUpAfter(line, line->caller->script().talk), "caller");
  } else if (what == "end") {
    line->caller->Heard("end");
    lines_.erase(found);
  }
}

// After a prompt nothing came: it was a question.
Task<void> AriCallers::ListenForQuestion(LinePtr line) {
  const uint64_t heard = line->happenings;
  co_await world_.Sleep(kSilence);
  if (heard != line->happenings || line->music || line->channel->ended) co_return;
  Question question;
  question.timeout = kEntry;
  const Entry entry = line->caller->Answer(question);
  if (entry.digits.empty()) co_return;
  co_await world_.Sleep(world_.Scaled(entry.took - kEntry));
  Press(line, entry.digits);
}

Task<void> AriCallers::Speak(LinePtr line, std::string finish_keys) {
  const CallerScript& script = line->caller->script();
  co_await world_.Sleep(world_.Scaled(script.message));
  if (line->channel->ended) co_return;
  line->caller->Heard(absl::StrCat("message ", absl::ToInt64Seconds(script.message)));
  Question question;
  question.timeout = kEntry;
  question.finish_keys = finish_keys;
  const Entry entry = line->caller->Answer(question);
  Press(line, entry.digits + entry.finished);
}

void AriCallers::Press(const LinePtr& line, const std::string& keys) {
  if (keys.empty() || line->channel->ended) return;
  line->caller->Heard("keys " + keys);
  for (const char key : keys) {
    if (!line->channel->ended) line_.Digit(line->channel, key);
  }
}

Task<void> AriCallers::HangUpAfter(LinePtr line, absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) co_return;
  co_await world_.Sleep(world_.Scaled(duration));
  line_.HangUp(line->channel, 16, false, "");
}

}  // namespace ctc::simulator
