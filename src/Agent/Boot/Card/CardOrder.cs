using System.Collections.Immutable;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>From the card in this Pi to an order to join: reads it, makes this Pi as it says, and cleans up after it.</summary>
internal sealed partial class CardOrder(AgentOptions options, CardDesk desk, CardConfiguration configuration, CoordinatorSearch search, TimeProvider time, ILogger<CardOrder> log)
{
    /// <summary>Each try of an address that does not work costs this Pi its network for a while.</summary>
    public static readonly TimeSpan ApplyAgain = TimeSpan.FromMinutes(30);

    private readonly UsedToken _used = new(options);
    private string _applied = "";
    private long _appliedAt;
    private CardOutcome _outcome = CardOutcome.None;
    private ImmutableArray<string> _ignored = [];
    private bool _isEphemeral;

    public string Hash() => desk.Hash();

    /// <summary>Something the card wishes could not be done, and is to be tried again.</summary>
    public bool IsUndone => !_outcome.Problems.IsEmpty;

    /// <param name="changed">The card has changed: what it said is no longer worth waiting for.</param>
    /// <exception cref="BootFileException">The card cannot be used; nothing of it is applied.</exception>
    public async Task<EnrolmentOrder> PrepareAsync(Action<string> tell, CancellationToken changed, CancellationToken cancel)
    {
        _isEphemeral = VolatileRoot.IsHere(options);
        if (_isEphemeral && !options.AllowEphemeral)
        {
            throw new BootFileException($"{RefusalCodes.ReadOnlyRoot}: the root file system is read-only, or an overlay in memory: after the next boot this Pi would be nobody and its token used up; make it writable (raspi-config, Overlay File System), or set AllowEphemeral in /etc/rpi-agent/agent.json");
        }

        string hash = desk.Hash();
        CardSettings card = desk.Read();
        _ignored = card.Ignored;
        if (hash != _applied || (!_outcome.Problems.IsEmpty && time.GetElapsedTime(_appliedAt) > ApplyAgain))
        {
            foreach (string ignored in card.Ignored)
            {
                LogIgnored(ignored);
            }

            tell("making this Pi as its card says");
            _outcome = await configuration.ApplyAsync(card, changed, cancel);
            (_applied, _appliedAt) = (hash, time.GetTimestamp());
            foreach (string problem in _outcome.Problems)
            {
                LogNotApplied(problem);
            }

            await desk.TellAsync(_outcome.Problems.IsEmpty ? null : string.Join('\n', _outcome.Problems), cancel);
        }

        JoinToken token = card.Token ?? throw new BootFileException("'join_token:' is missing; make one with 'rpictl token create' on the coordinator");
        Uri coordinator = card.Coordinator ?? await search.FindAsync(
            token.AuthorityDigest,
            async (why, isLasting) =>
            {
                tell($"not enrolled: {why}");
                if (isLasting)
                {
                    await TellAsync(why, cancel);
                }
            },
            changed);
        _used.Note(token);
        if (!_isEphemeral)
        {
            new UsedCard(token.Hash, card.ScrubLegacy, _outcome.Radios).Save(options);
        }

        return new EnrolmentOrder(coordinator, token.Reveal(), card.Hostname) { Labels = card.Labels, IsFound = card.Coordinator is null };
    }

    /// <summary>What the card says when it has a token that this board's identity is not from; null otherwise.</summary>
    public CardSettings? Unused()
    {
        try
        {
            return desk.Read() is { Token: { } token } card && !_used.Is(token) ? card : null;
        }
        catch (Exception e) when (e is BootFileException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Why this Pi has not joined, on the card itself.</summary>
    public Task TellAsync(string problem, CancellationToken cancel) =>
        desk.TellAsync(string.Join('\n', [problem, .. _outcome.Problems, .. _ignored]), cancel);

    /// <summary>This Pi has joined earlier: a reason of another time goes.</summary>
    public Task ForgetAsync(CancellationToken cancel) => desk.TellAsync(null, cancel);

    /// <summary>This Pi has joined and its identity is on disk.</summary>
    public async Task DoneAsync(CancellationToken cancel)
    {
        if (_outcome.Problems.IsEmpty)
        {
            await desk.TellAsync(null, cancel);
        }

        await desk.ScrubAsync(cancel);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The card: {Ignored}")]
    private partial void LogIgnored(string ignored);

    [LoggerMessage(Level = LogLevel.Error, Message = "The card's wish cannot be done: {Reason}")]
    private partial void LogNotApplied(string reason);
}
