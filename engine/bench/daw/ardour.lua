-- Run by ardour's Lua interpreter, without a screen: make a session at 120 BPM on the running JACK
-- server, send MIDI clock or follow the JACK transport, and record one MIDI track.
-- Environment: SESSION (folder to make), CLOCK (send or follow).
-- Obeys lines on standard input: arm PORT (record from it), roll, check (that it records), stop,
-- save. Says READY at first, then OK after each.

local folder = os.getenv("SESSION")
local follows = os.getenv("CLOCK") == "follow"
local user = ARDOUR.TransportRequestSource.TRS_UI

local function say(word)
  print(word)
  io.flush()
end

local function wait(seconds)
  ARDOUR.LuaAPI.usleep(math.floor(seconds * 1000000))
end

assert(not AudioEngine:set_backend("JACK", "", ""):isnil(), "no JACK backend")
local session = create_session(folder, "proof", 48000)
assert(session, "no session")
local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local track = session:new_midi_track(
  midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Notes",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true
):front()
if follows then
  session:cfg():set_external_sync(true)
else
  ARDOUR.config():set_send_midi_clock(true)
end
wait(0.3)
say("READY")

for line in io.lines() do
  local order, port = line:match("^(%S+)%s*(.*)$")
  if order == "arm" then
    assert(track:input():nth(0):connect(port) == 0, "cannot connect to " .. port)
    track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
    wait(0.3)
    session:goto_start()
    session:maybe_enable_record()
    wait(0.3)
  elseif order == "roll" then
    session:request_roll(user)
  elseif order == "stop" then
    session:request_stop(false, false, user)
    wait(1.0)
  elseif order == "check" then
    assert(session:actively_recording() and session:transport_rolling(), "it does not roll along")
  elseif order == "save" then
    wait(1.0)
    session:disable_record(false, true)
    session:save_state("", false, false, false, false, false)
  end
  say("OK")
end
close_session()
quit()
