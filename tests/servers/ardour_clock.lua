-- Run by ardour's Lua interpreter, without a screen: make a session on the running JACK
-- server that sends MIDI clock, and roll or stop as told on standard input (play, stop).
-- Environment: SESSION (folder to make). Says READY, then repeats what it has done.

local folder = os.getenv("SESSION")
local user = ARDOUR.TransportRequestSource.TRS_UI

local function say(word)
  print(word)
  io.flush()
end

assert(not AudioEngine:set_backend("JACK", "", ""):isnil(), "no JACK backend")
local session = create_session(folder, "clock", 48000)
assert(session, "no session")
ARDOUR.config():set_send_midi_clock(true)
say("READY")
for line in io.lines() do
  if line == "play" then
    session:request_roll(user)
  elseif line == "stop" then
    session:request_stop(false, false, user)
  end
  say(line)
end
close_session()
quit()
