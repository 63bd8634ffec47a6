// The server's thread, and what passes to it.
#include "libs/media/media_server.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "libs/base/asio.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/media/byte_order.h"
#include "libs/media/datagrams.h"
#include "libs/media/pacer.h"
#include "libs/media/room.h"
#include "libs/media/tone.h"

namespace ctc::media {
namespace {

Sound Shared(std::vector<int16_t> samples) {
  return std::make_shared<const std::vector<int16_t>>(std::move(samples));
}

RtpStart DrawStart(base::Random& random) {
  std::array<unsigned char, 10> bytes{};
  random.Fill(bytes);
  return {Get32(&bytes[0]), Get32(&bytes[4]), Get16(&bytes[8])};
}

}  // namespace

class MediaServer::Impl {
 public:
  Impl(const MediaConfig& config, PortFinder ports, bool is_v6);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::StatusOr<Address> Open(std::string_view room, std::string_view party);
  absl::Status Connect(std::string_view room, std::string_view party, const Stream& stream);
  void Close(std::string_view room, std::string_view party);
  void CloseRoom(std::string_view room);

  // Has `work` done on the server's thread, with the room or the party when it is there.
  template <class Work>
  void WithRoom(std::string_view room, Work work) {
    asio::post(io_, [this, room = std::string(room), work = std::move(work)]() mutable {
      work(FindRoom(room));
    });
  }
  template <class Work>
  void WithParty(std::string_view room, std::string_view party, Work work) {
    WithRoom(room, [party = std::string(party), work = std::move(work)](Room* found) mutable {
      work(found == nullptr ? nullptr : found->Find(party));
    });
  }

 private:
  Task<void> Run();
  Room* FindRoom(const std::string& name);
  void CloseAll();

  const std::string announced_ip_;
  const bool is_v6_;
  base::Random& random_;
  base::Mutex mutex_;
  PortFinder ports_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> names_
      ABSL_GUARDED_BY(mutex_);
  RecordWriter writer_;
  // Of the thread.
  asio::io_context io_{1};
  asio::steady_timer timer_{io_};
  PartyGround ground_;
  Pacer pacer_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
  bool stopping_ = false;
  std::thread thread_;
};

MediaServer::Impl::Impl(const MediaConfig& config, PortFinder ports, bool is_v6)
    : announced_ip_(config.announced_ip.empty() ? config.bind_ip : config.announced_ip),
      is_v6_(is_v6),
      random_(*config.random),
      ports_(std::move(ports)),
      ground_{.clock = *config.clock,
              .events = config.events,
              .silent_after = absl::Ceil(config.silent_after, kFrameLength) / kFrameLength,
              .ringback = Shared(RingbackPeriod()),
              .hold_music = config.hold_music ? config.hold_music : Shared(HoldMelody()),
              .inbox = {}},
      pacer_(config.clock->Monotonic()) {
  asio::co_spawn(io_, Run(), [](std::exception_ptr) {});
  thread_ = std::thread([this] { io_.run(); });
}

MediaServer::Impl::~Impl() {
  asio::post(io_, [this] {
    stopping_ = true;
    CloseAll();
    timer_.cancel();
  });
  // It ends when nothing is left to be done, which is also what was asked until now.
  thread_.join();
  // What an event opened meanwhile.
  CloseAll();
}

Task<void> MediaServer::Impl::Run() {
  while (!stopping_) {
    const int frames = pacer_.TakeDue(ground_.clock.Monotonic());
    for (int i = 1; i <= frames; ++i) {
      for (const auto& [name, room] : rooms_) room->Tick(pacer_.frame() + static_cast<uint64_t>(i));
    }
    const absl::Duration pause = pacer_.UntilNext(ground_.clock.Monotonic());
    timer_.expires_after(absl::ToChronoMicroseconds(pause));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Room* MediaServer::Impl::FindRoom(const std::string& name) {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : found->second.get();
}

void MediaServer::Impl::CloseAll() {
  for (const auto& [name, room] : rooms_) room->CloseAll(pacer_.frame());
  rooms_.clear();
}

absl::StatusOr<Address> MediaServer::Impl::Open(std::string_view room, std::string_view party) {
  const base::MutexLock lock(mutex_);
  auto& names = names_[std::string(room)];
  if (names.contains(party)) return absl::AlreadyExistsError("the call has a leg of this name");
  absl::StatusOr<SocketPair> sockets = ports_.Find(io_);
  if (!sockets.ok()) {
    if (names.empty()) names_.erase(names_.find(room));
    return std::move(sockets).status();
  }
  names.emplace(party);
  const Address own{announced_ip_, sockets->port};
  // Under the lock: what is asked of the party next comes behind.
  asio::post(io_, [this, room = std::string(room), party = std::string(party),
                   start = DrawStart(random_), opened = *std::move(sockets)]() mutable {
    auto& found = rooms_[room];
    if (found == nullptr) found = std::make_unique<Room>(writer_);
    found->Add(std::make_unique<Party>(room, party, std::move(opened), start, ground_));
  });
  return own;
}

absl::Status MediaServer::Impl::Connect(std::string_view room, std::string_view party,
                                        const Stream& stream) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(stream.remote.ip, error);
  if (error || ip.is_multicast() || ip.is_v6() != is_v6_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the peer's media address is no ", is_v6_ ? "IPv6" : "IPv4", " address"));
  }
  if (stream.remote.port == 0 && !ip.is_unspecified()) {
    return absl::InvalidArgumentError("the peer's media port is 0");
  }
  {
    const base::MutexLock lock(mutex_);
    const auto found = names_.find(room);
    if (found == names_.end() || !found->second.contains(party)) {
      return absl::NotFoundError("the call has no leg of this name");
    }
  }
  WithParty(room, party, [stream, remote = UdpEndpoint(ip, stream.remote.port)](Party* connected) {
    if (connected != nullptr) connected->Connect(stream, remote);
  });
  return absl::OkStatus();
}

void MediaServer::Impl::Close(std::string_view room, std::string_view party) {
  const base::MutexLock lock(mutex_);
  const auto names = names_.find(room);
  if (names == names_.end()) return;
  const auto name = names->second.find(party);
  if (name == names->second.end()) return;
  names->second.erase(name);
  if (names->second.empty()) names_.erase(names);
  WithRoom(room, [this, room = std::string(room), party = std::string(party)](Room* found) {
    if (found == nullptr) return;
    found->Close(party, pacer_.frame());
    if (found->empty()) rooms_.erase(room);
  });
}

void MediaServer::Impl::CloseRoom(std::string_view room) {
  const base::MutexLock lock(mutex_);
  const auto names = names_.find(room);
  if (names == names_.end()) return;
  names_.erase(names);
  WithRoom(room, [this, room = std::string(room)](Room* found) {
    if (found == nullptr) return;
    found->CloseAll(pacer_.frame());
    rooms_.erase(room);
  });
}

absl::StatusOr<std::unique_ptr<MediaServer>> MediaServer::Start(MediaConfig config) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(config.bind_ip, error);
  if (error) return absl::InvalidArgumentError("the media address is no IP address");
  const auto announced =
      config.announced_ip.empty() ? ip : asio::ip::make_address(config.announced_ip, error);
  if (error || announced.is_unspecified() || announced.is_v6() != ip.is_v6()) {
    return absl::InvalidArgumentError(
        "the announced media address is no IP address to which media can be sent");
  }
  CTC_ASSIGN_OR_RETURN(PortFinder ports,
                       PortFinder::Create(ip, config.first_port, config.last_port));
  // Binds once, and lets go: an address that is not this host's is found now, not by the first
  // call.
  asio::io_context io;
  PortFinder any = *PortFinder::Create(ip, 0, 0);
  CTC_RETURN_IF_ERROR(any.Find(io).status());
  return std::unique_ptr<MediaServer>(
      new MediaServer(std::make_unique<Impl>(config, std::move(ports), ip.is_v6())));
}

MediaServer::MediaServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MediaServer::~MediaServer() = default;

absl::StatusOr<Address> MediaServer::Open(std::string_view room, std::string_view party) {
  return impl_->Open(room, party);
}

absl::Status MediaServer::Connect(std::string_view room, std::string_view party,
                                  const Stream& stream) {
  return impl_->Connect(room, party, stream);
}

void MediaServer::Close(std::string_view room, std::string_view party) {
  impl_->Close(room, party);
}

void MediaServer::CloseRoom(std::string_view room) { impl_->CloseRoom(room); }

void MediaServer::SetHearing(std::string_view room, Hearing hearing) {
  impl_->WithRoom(room, [hearing = std::move(hearing)](Room* found) mutable {
    if (found != nullptr) found->SetHearing(std::move(hearing));
  });
}

void MediaServer::SetWatched(std::string_view room, std::vector<std::string> parties) {
  impl_->WithRoom(room, [parties = std::move(parties)](Room* found) mutable {
    if (found != nullptr) found->SetWatched(std::move(parties));
  });
}

void MediaServer::SetTone(std::string_view room, std::string_view party, Tone tone) {
  impl_->WithParty(room, party, [tone](Party* found) {
    if (found != nullptr) found->SetTone(tone);
  });
}

void MediaServer::Play(std::string_view room, std::string_view party, std::vector<Clip> clips,
                       PlayId id, std::function<void(bool finished)> done) {
  impl_->WithParty(room, party,
                   [pieces = PiecesOf(clips), id, done = std::move(done)](Party* found) mutable {
                     if (found != nullptr) {
                       found->Play(std::move(pieces), id, std::move(done));
                     } else if (done) {
                       done(false);
                     }
                   });
}

void MediaServer::StopPlay(std::string_view room, std::string_view party, PlayId id) {
  impl_->WithParty(room, party, [id](Party* found) {
    if (found != nullptr) found->StopPlay(id);
  });
}

void MediaServer::SendDigits(std::string_view room, std::string_view party,
                             std::string_view digits) {
  impl_->WithParty(room, party, [digits = std::string(digits)](Party* found) {
    if (found != nullptr) found->SendDigits(digits);
  });
}

void MediaServer::Record(std::string_view room, RecordSpec spec) {
  impl_->WithRoom(room, [spec = std::move(spec)](Room* found) mutable {
    if (found != nullptr) {
      found->Record(std::move(spec));
    } else if (spec.on_done) {
      spec.on_done(absl::NotFoundError("there is no such call"));
    }
  });
}

void MediaServer::SetRecorded(std::string_view room, std::vector<std::string> parties) {
  impl_->WithRoom(room, [parties = std::move(parties)](Room* found) mutable {
    if (found != nullptr) found->SetRecorded(std::move(parties));
  });
}

void MediaServer::PauseRecording(std::string_view room) {
  impl_->WithRoom(room, [](Room* found) {
    if (found != nullptr) found->PauseRecording();
  });
}

void MediaServer::ResumeRecording(std::string_view room) {
  impl_->WithRoom(room, [](Room* found) {
    if (found != nullptr) found->ResumeRecording();
  });
}

void MediaServer::StopRecording(std::string_view room) {
  impl_->WithRoom(room, [](Room* found) {
    if (found != nullptr) found->StopRecording();
  });
}

}  // namespace ctc::media
