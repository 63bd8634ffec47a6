// The thread that drives libcurl's multi interface, and the way into and out of it.
#include "libs/http/client.h"

#include <curl/curl.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <mutex>
#include <thread>
#include <unordered_map>

#include "libs/base/mutex.h"
#include "libs/http/curl_transfer.h"

namespace ctc::http {
namespace {

constexpr int kPollMs = 1000;
constexpr size_t kSpareHandles = 64;
constexpr long kKeptConnections = 512;

class CurlClient final : public Client {
 public:
  CurlClient() : multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    thread_ = std::thread([this] { Run(); });
  }

  ~CurlClient() override {
    {
      base::MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (CURL* easy : spare_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
  }

  Task<ClientResult> Send(ClientRequest request) override {
    auto start = [&](auto handler) {
      Submit(std::make_unique<CurlTransfer>(std::move(request), Deliver(std::move(handler))));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(ClientResult)>(
        start, asio::use_awaitable);
  }

 private:
  // Brings the result back to the coroutine's own executor, which it keeps running until then.
  template <class Handler>
  static std::function<void(ClientResult)> Deliver(Handler handler) {
    auto executor = asio::prefer(asio::get_associated_executor(handler),
                                 asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<Handler>(std::move(handler));
    return [executor, shared](ClientResult result) mutable {
      asio::post(executor, [shared = std::move(shared), result = std::move(result)]() mutable {
        std::move (*shared)(std::move(result));
      });
    };
  }

  void Submit(std::unique_ptr<CurlTransfer> transfer) {
    bool stopped = false;
    {
      base::MutexLock lock(mutex_);
      stopped = stopping_;
      if (!stopped) incoming_.push_back(std::move(transfer));
    }
    if (stopped) {
      transfer->Fail(Reached::kNotSent, absl::UnavailableError("the client is stopping"));
    } else {
      curl_multi_wakeup(multi_);
    }
  }

  void Run() {
    while (TakeIncoming()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    for (auto& [easy, transfer] : active_) {
      curl_multi_remove_handle(multi_, easy);
      transfer->Fail(Reached::kMaybe, absl::UnavailableError("the client is stopping"));
      curl_easy_cleanup(easy);
    }
    active_.clear();
  }

  // False when the client stops.
  bool TakeIncoming() {
    std::vector<std::unique_ptr<CurlTransfer>> incoming;
    bool stopping = false;
    {
      base::MutexLock lock(mutex_);
      incoming.swap(incoming_);
      stopping = stopping_;
    }
    for (auto& transfer : incoming) Begin(std::move(transfer));
    return !stopping;
  }

  void Begin(std::unique_ptr<CurlTransfer> transfer) {
    CURL* easy = nullptr;
    if (spare_.empty()) {
      easy = curl_easy_init();
    } else {
      easy = spare_.back();
      spare_.pop_back();
    }
    if (easy == nullptr) {
      transfer->Fail(Reached::kNotSent, absl::ResourceExhaustedError("out of handles"));
      return;
    }
    if (absl::Status status = transfer->Prepare(easy); !status.ok()) {
      transfer->Fail(Reached::kNotSent, std::move(status));
      Recycle(easy);
      return;
    }
    if (const CURLMcode code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
      transfer->Fail(Reached::kNotSent, absl::UnavailableError(curl_multi_strerror(code)));
      Recycle(easy);
      return;
    }
    active_.emplace(easy, std::move(transfer));
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, easy);
      auto node = active_.extract(easy);
      if (!node.empty()) node.mapped()->Finish(code);
      Recycle(easy);
    }
  }

  void Recycle(CURL* easy) {
    if (spare_.size() >= kSpareHandles) {
      curl_easy_cleanup(easy);
      return;
    }
    curl_easy_reset(easy);
    spare_.push_back(easy);
  }

  CURLM* const multi_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<CurlTransfer>> incoming_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread's own.
  std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> active_;
  std::vector<CURL*> spare_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Client> Client::Create() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::make_unique<CurlClient>();
}

}  // namespace ctc::http
