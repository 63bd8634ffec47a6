// What the sound of a call costs when it runs through us: CPU of the server's threads for each
// second of a call of two, with phones that speak all the time. Takes some 8 seconds.
#include <absl/strings/str_cat.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "libs/media/media_server.h"
#include "libs/media/phone_for_test.h"

namespace ctc::media {
namespace {

constexpr int kCalls = 50;
constexpr int kFrames = 200;  // four seconds

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double Cpu(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

// Of all threads but this one, which is the phones.
double ServerCpu() { return Cpu(RUSAGE_SELF) - Cpu(RUSAGE_THREAD); }

struct Leg {
  PhoneForTest phone;
  Address server;
};

std::string FileOf(int call) {
  return std::filesystem::temp_directory_path() / absl::StrCat("ctc_media_bench_", getpid(), call);
}

void Measure(const char* name, bool recorded) {
  const auto server = MediaServer::Start({}).value();
  std::vector<std::unique_ptr<Leg>> legs;
  for (int call = 0; call < kCalls; ++call) {
    const std::string room = absl::StrCat(call);
    for (const char* party : {"a", "b"}) {
      auto leg = std::make_unique<Leg>();
      leg->server = server->Open(room, party).value();
      if (!server->Connect(room, party, leg->phone.stream()).ok()) return;
      legs.push_back(std::move(leg));
    }
    server->SetHearing(room, EverybodyOf({"a", "b"}));
    if (recorded) server->Record(room, {.path = FileOf(call)});
  }
  auto next = std::chrono::steady_clock::now();
  double before = 0;
  int packets = 0;
  for (int frame = 0; frame < kFrames; ++frame) {
    if (frame == kFrames / 10) before = ServerCpu();
    for (const auto& leg : legs) {
      leg->phone.Say(leg->server, 1000);
      packets += leg->phone.Listen().packets;
    }
    next += std::chrono::milliseconds(20);
    // lint-allow(sleep): phones speak in real time
    std::this_thread::sleep_until(next);
  }
  const double seconds = (kFrames - kFrames / 10) * 0.02 * kCalls;
  std::printf("%-28s %7.1f us a second of call; %d packets of %d came\n", name,
              (ServerCpu() - before) * 1e6 / seconds, packets, kFrames * 2 * kCalls);
  for (int call = 0; call < kCalls; ++call) std::filesystem::remove(FileOf(call));
}

}  // namespace
}  // namespace ctc::media

int main() {
  ctc::media::Measure("two parties", false);
  ctc::media::Measure("two parties, recorded", true);
}
