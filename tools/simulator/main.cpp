// ctc-simulator: see HelpText() in options.cpp.
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "tools/simulator/options.h"
#include "tools/simulator/simulator.h"

namespace {

void WritePort(const std::string& path, int port) {
  // Whole or not at all: a reader may be waiting for it.
  const std::string unfinished = path + ".new";
  std::ofstream(unfinished) << port << "\n";
  std::rename(unfinished.c_str(), path.c_str());
}

ctc::Task<void> Stop(ctc::simulator::Simulator& simulator, boost::asio::io_context& io) {
  co_await simulator.Drain();
  io.stop();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string& argument : arguments) {
    if (argument != "--help") continue;
    std::fputs(ctc::simulator::HelpText().c_str(), stdout);
    return 0;
  }
  const auto options = ctc::simulator::ParseOptions(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "ctc-simulator: %s\n", std::string(options.status().message()).c_str());
    return 2;
  }
  boost::asio::io_context io(1);
  ctc::simulator::Simulator simulator(io.get_executor(), *options);
  if (const absl::Status started = simulator.Start(); !started.ok()) {
    std::fprintf(stderr, "ctc-simulator: %s\n", std::string(started.message()).c_str());
    return 1;
  }
  if (!options->port_file.empty()) WritePort(options->port_file, simulator.port());
  std::printf("listening on 127.0.0.1:%d\n", simulator.port());
  std::fflush(stdout);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) {
    simulator.world().Spawn(Stop(simulator, io), "stopping");
  });
  io.run();
  return 0;
}
