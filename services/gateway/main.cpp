// The gateway service as a process of its own.
#include "libs/host/process.h"
#include "services/gateway/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram(
      {"ctc-gateway", "the public edge", {{"gateway", ctc::gateway::Make}}}, argc, argv);
}
