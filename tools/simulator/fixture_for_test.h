// A running simulator, a client, and a server that keeps what it is sent.
#pragma once

#include <boost/asio/executor_work_guard.hpp>

#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/mutex.h"
#include "libs/testing/eventually.h"
#include "libs/testing/run_task.h"
#include "tools/simulator/simulator.h"

namespace ctc::simulator {

// Keeps every form that is posted to it.
class Receiver {
 public:
  Receiver() {
    auto keep = [this](const http::Request& request) -> Task<http::Response> {
      // Whoever had this port before may still be called there by others.
      if (!request.target.starts_with(own_path_)) {
        http::Response stranger;
        stranger.status = 404;
        co_return stranger;
      }
      Form form;
      const auto pairs = http::ParseForm(request.body);
      for (const auto& [name, value] : pairs.value()) form.emplace(name, value);
      const std::string url = Origin() + request.target;
      form.emplace("_signature", std::string(request.headers.Get("X-Twilio-Signature")));
      form.emplace("_url", url);
      form.emplace("_body", request.body);
      form.emplace("_x_signature", std::string(request.headers.Get("X-Signature")));
      const base::MutexLock lock(mutex_);
      received_.push_back(std::move(form));
      co_return http::Response();
    };
    server_ = http::Server::Start(io_.executor(), http::ServerOptions(), keep).value();
  }
  std::string Url(const std::string& target) const { return Origin() + own_path_ + target; }
  std::vector<Form> Received() const {
    const base::MutexLock lock(mutex_);
    return received_;
  }
  // "initiated ringing ..." of all posts whose `name` is `value`, in the order they came.
  std::string Sequence(const std::string& name, const std::string& value,
                       const std::string& field) const {
    std::string text;
    for (const Form& form : Received()) {
      if (ValueOf(form, name) == value) text += ValueOf(form, field) + " ";
    }
    return text;
  }

 private:
  std::string Origin() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  const std::string own_path_ =
      "/" + base::IdGenerator(base::SystemClock(), base::SystemRandom()).Token("receiver-", 16);
  mutable base::Mutex mutex_;
  std::vector<Form> received_ ABSL_GUARDED_BY(mutex_);
  testing::IoThreads io_;  // ends before what its requests are kept in
  std::unique_ptr<http::Server> server_;
};

class Fixture {
 public:
  explicit Fixture(Options options = QuickOptions())
      : simulator_(io_.get_executor(), std::move(options)),
        work_(asio::make_work_guard(io_)),
        thread_([this] { io_.run(); }) {
    port_ = asio::co_spawn(io_, Start(), asio::use_future).get();
  }
  ~Fixture() {
    io_.stop();
    thread_.join();
  }
  static Options QuickOptions() {
    Options options;
    options.speed = 20;
    return options;
  }

  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  http::ClientResult Send(const std::string& method, const std::string& path,
                          const std::string& body = "", const std::string& type = "",
                          absl::Duration timeout = absl::Seconds(10)) {
    http::ClientRequest request;
    request.method = method;
    request.url = Url(path);
    request.body = body;
    request.timeout = timeout;
    request.user = path.starts_with("/ari") ? "ctc" : "AC1";
    request.password = base::Secret("secret");
    if (!type.empty()) request.headers = {{"Content-Type", type}};
    return mine_.Run(client_->Send(std::move(request)));
  }
  int Dials(const std::string& number) {
    const http::ClientResult result = Send("GET", "/_stats?number=" + number);
    return Json::parse(result.response.body)["dials"].get<int>();
  }
  testing::IoThreads& mine() { return mine_; }
  int port() const { return port_; }

 private:
  Task<int> Start() {
    const absl::Status started = simulator_.Start();
    co_return started.ok() ? simulator_.port() : 0;
  }

  testing::IoThreads mine_;
  std::unique_ptr<http::Client> client_ = http::Client::Create(mine_.executor());
  asio::io_context io_;
  Simulator simulator_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
  int port_ = 0;
};

}  // namespace ctc::simulator
