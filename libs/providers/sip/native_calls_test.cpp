// The lines of native accounts: when one stays, is replaced, is listened for again and ends.
#include "libs/providers/sip/native_calls.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/base/mutex.h"
#include "libs/providers/sip/native/recording_files.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/quiet_port.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::sip {
namespace {

using asio::ip::udp;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::EventuallyTrue;
using AccountPtr = std::shared_ptr<const Account>;

// A UDP port of loopback, and what comes there.
class Phone {
 public:
  explicit Phone(int port = 0)
      : socket_(io_, {asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)}) {
    socket_.non_blocking(true);
  }

  int port() const { return socket_.local_endpoint().port(); }
  std::string host() const { return absl::StrCat("127.0.0.1:", port()); }
  void Close() { socket_.close(); }

  // Answers the next request of the method; `more` are further header fields.
  void Answer(const std::string& method, const std::string& status, const std::string& more = "",
              const std::string& body = "") {
    const std::string request = Await(method);
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
  void Accept() {
    Answer("INVITE", "200 OK",
           "Contact: <sip:phone@" + host() + ">\r\nContent-Type: application/sdp\r\n",
           "v=0\r\no=p 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
           "m=audio 4000 RTP/AVP 0\r\n");
  }
  // The next request of the method. One that was waited for too long comes again: it counts once.
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
};

// What the calls told.
class Facts {
 public:
  void Add(const std::vector<session::v1::SessionFact>& facts) {
    const base::MutexLock lock(mutex_);
    for (const auto& item : facts) {
      told_.push_back(absl::StrCat(session::v1::CallFact::Kind_Name(item.fact().kind()), " ",
                                   item.fact().cause()));
      const std::string& url = item.fact().recording_url();
      if (!url.empty()) recordings_.push_back(url);
    }
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

native::Outlets OutletsTo(Facts& told) {
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
  // Both phones agree.
  void HangUp(const AccountPtr& account) {
    dispatch::v1::ControlCallRequest request;
    *request.mutable_order() = Order();
    request.set_action(dispatch::v1::ControlCallRequest::HANG_UP);
    CHECK(calls->Control(*account, request).ok());
    phone.Answer("BYE", "200 OK");
    phone.Answer("BYE", "200 OK");
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

TEST_CASE("a line outlives what does not concern it, and is replaced by what does",
          "[sip][native]") {
  World w;
  const AccountPtr first = w.Written();
  REQUIRE(w.calls->Attend({first}) == absl::InfiniteDuration());
  REQUIRE(w.calls->Place(*first, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const AccountPtr dearer = w.Written(7);
  CHECK(w.calls->Attend({dearer}) == absl::InfiniteDuration());
  CHECK(w.calls->lines() == 1);
  // The password is another, and the call that goes on keeps the account's own address.
  const AccountPtr changed = w.Written(7, "new");
  CHECK(w.calls->Attend({changed}) == absl::Seconds(1));
  const PlaceCallResponse refused = w.calls->Place(*changed, w.Order("call-2"));
  CHECK(refused.outcome() == PlaceCallResponse::NOT_SENT);
  CHECK(refused.error_message().find("not yet") != std::string::npos);
  CHECK(w.IsLive(changed));
  w.phone.Answer("INVITE", "486 Busy Here");
  EventuallyTrue([&] { return !w.IsLive(changed); }, "the call to end");
  w.AwaitListening({changed});
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("the line of an account that is no more ends with its last call", "[sip][native]") {
  World w;
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(w.calls->Attend({}) == absl::Seconds(30));
  CHECK(w.calls->lines() == 1);
  w.phone.Answer("INVITE", "486 Busy Here");
  w.AwaitListening({});
  CHECK(w.calls->lines() == 0);
  // Switched on again, it is as before.
  w.AwaitListening({account});
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("an account that cannot listen is tried again later, or when it was written",
          "[sip][native]") {
  World w;
  Phone squatter(w.own_port);
  const AccountPtr account = w.Written();
  CHECK(w.calls->Attend({account}) == absl::Seconds(30));
  squatter.Close();
  w.clock.Advance(absl::Seconds(10));
  CHECK(w.calls->Attend({account}) == absl::Seconds(20));
  CHECK(w.calls->lines() == 0);
  const bool later = GENERATE(true, false);
  if (later) w.clock.Advance(absl::Seconds(20));
  const absl::Duration began = w.clock.Monotonic();
  // What is left of the first try may have the address a moment longer, of real time.
  w.AwaitListening({later ? account : w.Written()}, absl::Milliseconds(5));
  CHECK(w.clock.Monotonic() - began < absl::Seconds(20));
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("a re-INVITE that is put off is made again", "[sip][native]") {
  World w;
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  w.phone.Accept();
  w.phone.Await("ACK");
  w.phone.Accept();  // the customer; acknowledged with the agent's answer
  // The one that would join them.
  w.phone.Answer("INVITE", "500 Server Internal Error", "Retry-After: 0\r\n");
  w.phone.Await("ACK");
  w.phone.Accept();
  EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
  CHECK(w.IsLive(account));
  CHECK(w.told.Count("CALL_FAILED sip:500") == 0);
  w.HangUp(account);
}

TEST_CASE("a call of a session that had one before keeps the recording of that", "[sip][native]") {
  World w;
  w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  dispatch::v1::CallOrder order = w.Order();
  order.set_record(true);
  for (size_t calls = 1; calls <= 2; ++calls) {
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Accept();
    w.phone.Accept();
    EventuallyTrue([&] { return w.told.Count("RECORDING_STARTED ") == calls; }, "the recording");
    w.HangUp(account);
    EventuallyTrue([&] { return w.told.recordings().size() == calls; }, "its file");
  }
  CHECK(w.told.recordings()[0] != w.told.recordings()[1]);
  for (const std::string& url : w.told.recordings()) {
    CHECK(native::ReadRecording(w.folder.path(), account->config, url).ok());
  }
}

TEST_CASE("a check is answered by the proxy, or by the end of the line", "[sip][native]") {
  World w;
  testing::IoThreads threads;
  const AccountPtr account = w.Written();
  std::future<absl::StatusOr<std::string>> checked =
      asio::co_spawn(threads.executor(), w.calls->Check(*account), asio::use_future);
  SECTION("the proxy") {
    w.phone.Answer("OPTIONS", "404 Not Found");
    CHECK(checked.get().value() == "the proxy answers OPTIONS with 404");
  }
  SECTION("the end") {
    w.phone.Await("OPTIONS");
    w.AwaitListening({});  // the thread that asked may hold the line a moment longer
    CHECK(w.calls->lines() == 0);
    CHECK(base::IsError(checked.get().status(), base::kProviderUnreachable));
  }
}

}  // namespace
}  // namespace ctc::providers::sip
