// The routing service as a process of its own.
#include "libs/host/process.h"
#include "services/routing/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram(
      {"ctc-routing", "who and which way", {{"routing", ctc::routing::Make}}}, argc, argv);
}
