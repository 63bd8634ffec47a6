// The session service as a process of its own.
#include "libs/host/process.h"
#include "services/session/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram(
      {"ctc-session", "the life of a call", {{"session", ctc::session::Make}}}, argc, argv);
}
