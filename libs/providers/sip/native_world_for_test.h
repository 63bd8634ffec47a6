// Native SIP on loopback in a test: phones of UDP, and the calls of one account with what they
// told.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/udp.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "libs/base/mutex.h"
#include "libs/providers/sip/native_calls.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/quiet_port.h"

namespace ctc::providers::sip {

using asio::ip::udp;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::EventuallyTrue;
using AccountPtr = std::shared_ptr<const Account>;

inline constexpr const char* kSound =
    "v=0\r\no=p 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n";
inline constexpr const char* kChallenge =
    "WWW-Authenticate: Digest realm=\"phones\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n";

inline std::string FieldOf(const std::string& message, const std::string& name) {
  for (absl::string_view line : absl::StrSplit(message, "\r\n")) {
    if (absl::StartsWith(line, name + ": ")) return std::string(line.substr(name.size() + 2));
  }
  return "";
}

// A UDP port of loopback, and what comes there.
class Phone {
 public:
  explicit Phone(const char* ip = "127.0.0.1", int port = 0)
      : socket_(io_, {asio::ip::make_address(ip), static_cast<uint16_t>(port)}) {
    socket_.non_blocking(true);
  }

  int port() const { return socket_.local_endpoint().port(); }
  std::string host() const {
    return absl::StrCat(socket_.local_endpoint().address().to_string(), ":", port());
  }
  void Close() { socket_.close(); }

  // Answers the next request of the method; `more` are further header fields.
  std::string Answer(const std::string& method, const std::string& status,
                     const std::string& more = "", const std::string& body = "") {
    const std::string request = Await(method);
    AnswerTo(request, status, more, body);
    return request;
  }
  void AnswerTo(const std::string& request, const std::string& status, const std::string& more = "",
                const std::string& body = "") {
    std::string answer = "SIP/2.0 " + status + "\r\n";
    for (absl::string_view line : absl::StrSplit(request, "\r\n")) {
      const std::string name(line.substr(0, line.find(':')));
      const bool copied = name == "Via" || name == "From" || name == "Call-ID" || name == "CSeq";
      if (copied) absl::StrAppend(&answer, line, "\r\n");
      const bool tagged = absl::StrContains(line, ";tag=");
      if (name == "To") absl::StrAppend(&answer, line, tagged ? "" : ";tag=t1", "\r\n");
    }
    absl::StrAppend(&answer, more, "Content-Length: ", body.size(), "\r\n\r\n", body);
    socket_.send_to(asio::buffer(answer), caller_);
  }
  // Picks up, or agrees to what it is offered in the call.
  std::string Accept() {
    return Answer("INVITE", "200 OK",
                  "Contact: <sip:phone@" + host() + ">\r\nContent-Type: application/sdp\r\n",
                  kSound);
  }
  // A request of its own, ACK for the last one; `dialog` are From, To and Call-ID.
  void Request(const std::string& method, const std::string& uri, int port,
               const std::string& dialog, const std::string& more = "",
               const std::string& body = "") {
    const std::string sdp = body.empty() ? "" : "Content-Type: application/sdp\r\n";
    if (method != "ACK") ++sent_;
    const std::string request = absl::StrCat(
        method, " ", uri, " SIP/2.0\r\nVia: SIP/2.0/UDP ", host(), ";branch=z9hG4bK", sent_, "\r\n",
        dialog, "CSeq: ", sent_, " ", method, "\r\nMax-Forwards: 70\r\nContact: <sip:phone@",
        host(), ">\r\n", more, sdp, "Content-Length: ", body.size(), "\r\n\r\n", body);
    socket_.send_to(asio::buffer(request),
                    {asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)});
  }
  // Within the call that it was asked into by `invite`.
  void RequestIn(const std::string& invite, const std::string& method, int port,
                 const std::string& body = "") {
    const std::string contact = FieldOf(invite, "Contact");
    Request(
        method, contact.substr(1, contact.find('>') - 1), port,
        absl::StrCat("From: ", FieldOf(invite, "To"), ";tag=t1\r\nTo: ", FieldOf(invite, "From"),
                     "\r\nCall-ID: ", FieldOf(invite, "Call-ID"), "\r\n"),
        "", body);
  }
  // The next request of that method, or an answer by "SIP/2.0". One that was waited for too long
  // comes again: it counts once.
  std::string Await(const std::string& method) {
    std::string bytes;
    EventuallyTrue(
        [&] {
          boost::system::error_code error;
          bool found = false;
          while (!error && !found) {
            bytes.resize(65536);
            bytes.resize(socket_.receive_from(asio::buffer(bytes), caller_, 0, error));
            found = !error && seen_.insert(bytes).second && bytes.starts_with(method + " ");
          }
          return found;
        },
        method + " at the phone");
    return bytes;
  }

 private:
  asio::io_context io_;
  udp::socket socket_;
  udp::endpoint caller_;
  std::set<std::string> seen_;
  int sent_ = 0;
};

// What the calls told.
class Facts {
 public:
  void Add(const std::vector<session::v1::SessionFact>& facts) {
    const base::MutexLock lock(mutex_);
    for (const auto& item : facts) {
      facts_.push_back(item);
      told_.push_back(absl::StrCat(session::v1::CallFact::Kind_Name(item.fact().kind()), " ",
                                   item.fact().cause()));
      const std::string& url = item.fact().recording_url();
      if (!url.empty()) recordings_.push_back(url);
    }
  }
  std::vector<session::v1::SessionFact> facts() const {
    const base::MutexLock lock(mutex_);
    return facts_;
  }
  std::vector<std::string> recordings() const {
    const base::MutexLock lock(mutex_);
    return recordings_;
  }
  size_t Count(const std::string& fact) const {
    const base::MutexLock lock(mutex_);
    return static_cast<size_t>(std::count(told_.begin(), told_.end(), fact));
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<session::v1::SessionFact> facts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> recordings_ ABSL_GUARDED_BY(mutex_);  // their URLs
};

class TemporaryFolder {
 public:
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_; }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / absl::StrCat("ctc_native_calls_test_", getpid());
};

inline native::Outlets OutletsTo(Facts& told) {
  native::Outlets outlets;
  outlets.facts = [&told](const AccountPtr&, const std::vector<session::v1::SessionFact>& facts) {
    told.Add(facts);
  };
  outlets.referrals = [](const AccountPtr&, native::ReferralNote) {};
  outlets.flows = [](const AccountPtr&, native::FlowNote) {};
  return outlets;
}

struct World {
  Phone phone;
  int own_port = testing::QuietPort();
  testing::FakeClock clock;
  Facts told;
  TemporaryFolder folder;
  std::unique_ptr<NativeCalls> calls = std::make_unique<NativeCalls>(
      native::Ground{clock, base::SystemRandom(), OutletsTo(told), http::AddressGuard::Everywhere(),
                     folder.path()});
  int64_t writes = 0;
  std::string more_settings;

  // As it is after one more write.
  AccountPtr Written(int priority = 1, const std::string& password = "s3cret") {
    auto account = std::make_shared<Account>();
    account->config.set_id("p1");
    account->config.set_is_active(true);
    account->config.set_api_url("sip:" + phone.host() + ";transport=udp");
    account->config.set_phone_number("+15550199");
    account->config.set_priority(priority);
    account->config.mutable_updated_at()->set_seconds(++writes);
    account->api_key = base::Secret("user");
    account->api_secret = base::Secret(password);
    const std::string settings =
        absl::StrCat(R"({"mode":"native","bind":"sip:127.0.0.1:)", own_port,
                     R"(","inbound_from":["127.0.0.2"])", more_settings, "}");
    REQUIRE(
        google::protobuf::util::JsonStringToMessage(settings, account->config.mutable_settings())
            .ok());
    return account;
  }
  dispatch::v1::CallOrder Order(const std::string& id = "call-1") {
    dispatch::v1::CallOrder order;
    order.set_id(id);
    order.set_agent_phone("ann");
    order.set_to_phone("+15550100");
    return order;
  }
  bool IsLive(const AccountPtr& account) {
    dispatch::v1::LookUpCallRequest request;
    *request.mutable_order() = Order();
    return calls->LookUp(*account, request).found() == LookUpCallResponse::LIVE;
  }
  // Both phones say goodbye: the stack would wait for it in the end.
  void HangUp(const AccountPtr& account) {
    dispatch::v1::ControlCallRequest hang_up;
    *hang_up.mutable_order() = Order();
    hang_up.set_action(dispatch::v1::ControlCallRequest::HANG_UP);
    CHECK(calls->Control(*account, hang_up).ok());
    for (int phones = 0; phones < 2; ++phones) phone.Answer("BYE", "200 OK");
    EventuallyTrue([&] { return !IsLive(account); }, "the call to end");
  }
  // Time goes on by `step` between two tries.
  void AwaitListening(const std::vector<AccountPtr>& accounts,
                      absl::Duration step = absl::Seconds(1)) {
    EventuallyTrue(
        [&] {
          clock.Advance(step);
          return calls->Attend(accounts) == absl::InfiniteDuration();
        },
        "all to be listened for");
  }
};

}  // namespace ctc::providers::sip
