using CsCheck;
using RpiAgent.Coordinator.Election;
using Xunit;

namespace RpiAgent.Tests.Unit.Election;

public class ElectionRulesTests
{
    private static readonly ElectionTimings Timings = ElectionTimings.Default;

    [Fact]
    public void A_lone_candidate_makes_a_session_takes_the_lock_and_leads()
    {
        (ElectionState state, ElectionAction action) = ElectionRules.Step(new NoSession(), new Woke(S(0)), Timings);
        Assert.IsType<MakeSession>(action);
        (state, action) = ElectionRules.Step(state, new SessionMade("a", S(1), S(2)), Timings);
        Assert.Equal(new Acquire("a"), action);
        (state, action) = ElectionRules.Step(state, new LockTaken(7, S(3)), Timings);
        Assert.Equal(new BeginTerm("a", 7, S(1) + Timings.Lease), action);
        Assert.IsType<Leading>(state);
    }

    [Fact]
    public void The_lease_counts_from_when_the_renewal_was_sent()
    {
        Leading leading = new("a", 7, S(0));
        (_, ElectionAction action) = ElectionRules.Step(leading, new Renewed(S(3), S(5)), Timings);
        Assert.Equal(new ExtendTerm(S(3) + Timings.Lease), action);
    }

    [Fact]
    public void Without_Consul_the_leader_rests_no_longer_than_its_lease_and_then_steps_down()
    {
        Leading leading = new("a", 7, S(0));
        (ElectionState state, ElectionAction action) = ElectionRules.Step(leading, new CallFailed(S(7.8)), Timings);
        Assert.Equal(new Rest(S(8)), action);
        (state, action) = ElectionRules.Step(state, new Woke(S(8)), Timings);
        Assert.IsType<EndTerm>(action);
        Assert.IsType<Deposed>(state);
    }

    [Fact]
    public void Back_after_an_outage_it_gives_the_lock_back_before_it_takes_it_again()
    {
        ElectionState state = new Deposed("a");
        (state, ElectionAction action) = ElectionRules.Step(state, new Woke(S(60)), Timings);
        Assert.Equal(new Renew("a"), action);
        (state, action) = ElectionRules.Step(state, new Renewed(S(60), S(61)), Timings);
        Assert.Equal(new GiveBack("a"), action);
        (state, action) = ElectionRules.Step(state, new GivenBack(S(61)), Timings);
        Assert.Equal(new Acquire("a"), action);
        (_, action) = ElectionRules.Step(state, new LockTaken(8, S(61)), Timings);
        Assert.Equal(new BeginTerm("a", 8, S(60) + Timings.Lease), action);
    }

    [Fact]
    public void A_lock_that_was_taken_away_ends_the_term()
    {
        (ElectionState state, ElectionAction action) = ElectionRules.Step(new Leading("a", 7, S(0)), new LockLost(S(1)), Timings);
        Assert.IsType<EndTerm>(action);
        Assert.IsType<Candidate>(state);
        (_, action) = ElectionRules.Step(new Leading("a", 7, S(0)), new SessionGone(S(1)), Timings);
        Assert.IsType<EndTerm>(action);
    }

    /// <summary>Two electors against a model of Consul with lost, slow and late calls: leases never overlap, epochs only grow.</summary>
    [Fact]
    public void There_are_never_two_leaders() =>
        Gen.Select(Gen.Int[0, 4000], Gen.Int[0, 9]).Array[400].Sample(
            script =>
            {
                SimulatedConsul consul = new();
                SimulatedElector[] electors = [new("a", consul), new("b", consul)];
                ulong lastEpoch = 0;
                int terms = 0;
                foreach ((int latency, int luck) in script)
                {
                    SimulatedElector next = electors.MinBy(elector => elector.Now)!;
                    if (next.Step(TimeSpan.FromMilliseconds(latency), luck) is BeginTerm begin)
                    {
                        terms++;
                        Assert.True(begin.Epoch > lastEpoch, $"epoch {begin.Epoch} after {lastEpoch}");
                        lastEpoch = begin.Epoch;
                    }

                    Assert.True(electors.Count(elector => elector.LeadsAt(next.Now)) <= 1, "two leaders");
                }

                Assert.True(terms > 0);
            },
            iter: 200);

    private static TimeSpan S(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>A session ends a time to live after its last renewal was handled, as early as Consul may; the lock is then free at once.</summary>
    private sealed class SimulatedConsul
    {
        private readonly Dictionary<string, TimeSpan> _renewedAt = [];
        private string? _holder;
        private ulong _lockIndex;
        private int _made;

        public string Make(string name, TimeSpan at)
        {
            string session = $"{name}{++_made}";
            _renewedAt[session] = at;
            return session;
        }

        public bool Lives(string session, TimeSpan at)
        {
            if (_renewedAt.TryGetValue(session, out TimeSpan renewed) && at < renewed + Timings.TimeToLive)
            {
                return true;
            }

            _renewedAt.Remove(session);
            _holder = _holder == session ? null : _holder;
            return false;
        }

        public void Renew(string session, TimeSpan at) => _renewedAt[session] = at;

        public void Release(string session) => _holder = _holder == session ? null : _holder;

        public bool Holds(string session) => _holder == session;

        public ulong? Acquire(string session, TimeSpan at)
        {
            if (_holder is not null && _holder != session && Lives(_holder, at))
            {
                return null;
            }

            _lockIndex += _holder == session ? 0ul : 1ul;
            _holder = session;
            return _lockIndex;
        }
    }

    private sealed class SimulatedElector(string name, SimulatedConsul consul)
    {
        private ElectionState _state = new NoSession();
        private ElectionEvent _event = new Woke(TimeSpan.Zero);
        private TimeSpan _until;

        public TimeSpan Now { get; private set; }

        public bool LeadsAt(TimeSpan at) => at < _until;

        /// <param name="luck">0: the call is lost; 1: done, but the answer is lost; else it is handled halfway.</param>
        public ElectionAction Step(TimeSpan latency, int luck)
        {
            (_state, ElectionAction action) = ElectionRules.Step(_state, _event, Timings);
            TimeSpan sent = Now;
            switch (action)
            {
                case BeginTerm begin:
                    _until = begin.Until;
                    _event = new TermStands(Now);
                    return action;
                case ExtendTerm extend:
                    _until = extend.Until;
                    _event = new TermStands(Now);
                    return action;
                case EndTerm:
                    _until = TimeSpan.Zero;
                    _event = new Woke(Now);
                    return action;
                case Rest rest:
                    Now = rest.Until > Now ? rest.Until : Now;
                    _event = new Woke(Now);
                    return action;
                default:
                    Now += latency + TimeSpan.FromMilliseconds(1);
                    ElectionEvent answer = luck == 0 ? new CallFailed(Now) : Call(action, sent, sent + (latency / 2));
                    _event = luck == 1 ? new CallFailed(Now) : answer;
                    return action;
            }
        }

        private ElectionEvent Call(ElectionAction action, TimeSpan sent, TimeSpan handled)
        {
            switch (action)
            {
                case MakeSession:
                    return new SessionMade(consul.Make(name, handled), sent, Now);
                case Acquire acquire when !consul.Lives(acquire.Session, handled):
                    return new SessionGone(Now);
                case Acquire acquire:
                    return consul.Acquire(acquire.Session, handled) is ulong epoch ? new LockTaken(epoch, Now) : new LockRefused(Now);
                case Renew renew when !consul.Lives(renew.Session, handled):
                    return new SessionGone(Now);
                case Renew renew:
                    consul.Renew(renew.Session, handled);
                    return _state is Leading && !consul.Holds(renew.Session) ? new LockLost(Now) : new Renewed(sent, Now);
                case GiveBack back:
                    consul.Release(back.Session);
                    return new GivenBack(Now);
                default:
                    throw new InvalidOperationException($"{action}");
            }
        }
    }
}
