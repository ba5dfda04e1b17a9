using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>What a person gave this Pi to join with.</summary>
internal sealed record EnrolmentOrder(Uri Coordinator, string JoinToken, string WishedName)
{
    /// <summary>Wished labels of the node.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The address was found in the network, where it may be another one by and by.</summary>
    public bool IsFound { get; init; }
}

/// <summary>Turns a join token into an identity on disk.</summary>
internal sealed partial class Enroller(
    IdentityStore store, BoardReader boards, CoordinatorClient coordinator, TrustClock clock, TimeProvider time, ILogger<Enroller> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AskingLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AskingPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FindAgain = TimeSpan.FromMinutes(1);
    private readonly ILogger<Enroller> _logger = logger;

    /// <summary>The identity this board already has, or null.</summary>
    /// <exception cref="EnrolmentException">Damaged, or another board's.</exception>
    public EnrolledNode? Load() => store.Load(boards.Read());

    /// <summary>
    /// Whether a coordinator of this node's cluster answers, but not to its certificate any more. False, too, when none answers for a while: the
    /// node goes on as it is then.
    /// </summary>
    public async Task<bool> IsRefusedAsync(EnrolledNode known, Uri address, Action<string> tell, CancellationToken cancel)
    {
        long since = time.GetTimestamp();
        for (int refusals = 0; time.GetElapsedTime(since) < AskingLimit;)
        {
            tell($"asking {address} whether this node's certificate still counts");
            bool? taken = await coordinator.TakesAsync(address, known.Credentials, cancel);
            refusals = taken is false ? refusals + 1 : 0;
            if (taken is true || refusals == 2)
            {
                LogAsked(address, taken is true ? "takes" : "no longer takes");
                return taken is false;
            }

            await Task.Delay(AskingPause, time, cancel);
        }

        return false;
    }

    /// <summary>Tries until it works.</summary>
    /// <param name="tell">Gets the reason of each failed try, for STATUS=.</param>
    /// <returns>Null when a found address does not answer any more and is to be looked for again.</returns>
    /// <exception cref="EnrolmentException">Trying again cannot help.</exception>
    public async Task<EnrolledNode?> EnrolAsync(EnrolmentOrder order, Action<string> tell, CancellationToken cancel)
    {
        TimeSpan pause = FirstPause;
        long since = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await TryAsync(order, cancel);
            }
            catch (RpcException fault)
            {
                EnrolmentFailure failure = EnrolmentFailure.From(fault, order.Coordinator);
                if (failure.Fatal)
                {
                    throw new EnrolmentException(failure.Reason, fault);
                }

                tell(failure.Reason);
                LogRetry(failure.Reason, pause.TotalSeconds);
            }

            if (order.IsFound && time.GetElapsedTime(since) > FindAgain)
            {
                return null;
            }

            // Nodes that were powered on together must not come back together.
            await Task.Delay(pause * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 1000.0)), time, cancel);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>One try.</summary>
    /// <exception cref="EnrolmentException">Trying again cannot help.</exception>
    /// <exception cref="RpcException">See <see cref="EnrolmentFailure"/>.</exception>
    public async Task<EnrolledNode> TryAsync(EnrolmentOrder order, CancellationToken cancel)
    {
        if (!JoinToken.TryParse(order.JoinToken, out JoinToken? token, out string? refusal))
        {
            throw new EnrolmentException(refusal);
        }

        if (order.Coordinator.Scheme != Uri.UriSchemeHttps)
        {
            throw new EnrolmentException($"the coordinator's address {order.Coordinator} must begin with https://");
        }

        Board board = boards.Read();
        OwnRoute route = await RouteProbe.ToAsync(order.Coordinator, cancel);
        using X509Certificate2 authority = await coordinator.FetchAuthorityAsync(order.Coordinator, token.AuthorityDigest, cancel);
        using ECDsa key = store.PrepareKey(board);
        EnrolReply reply = await coordinator.EnrolAsync(
            order.Coordinator,
            authority,
            new EnrolRequest
            {
                TokenSecret = token.Secret,
                CsrPem = CredentialFiles.RequestFor(key),
                Hardware = board.ToWire(),
                CurrentAddress = route.Address,
                CurrentInterface = route.Interface,
                WishedName = order.WishedName,
                Labels = { new Dictionary<string, string>(order.Labels) },
            },
            cancel);
        return Accept(reply, order.Coordinator, board, authority);
    }

    private EnrolledNode Accept(EnrolReply reply, Uri address, Board board, X509Certificate2 authority)
    {
        EnrolledNode node = Reply.Save(store, reply, address, board, authority, clock);
        LogEnrolled(node.Spec.Name, node.Id.Value, node.Spec.Network.Address);
        return node;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Enrolled as {Node} ({NodeId}), address {Address}")]
    private partial void LogEnrolled(string node, string nodeId, string address);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "There is a new join token, and the clock is not set: {Coordinator} {Answer} this node's certificate")]
    private partial void LogAsked(Uri coordinator, string answer);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Not enrolled yet, next try in about {Seconds} s: {Reason}")]
    private partial void LogRetry(string reason, double seconds);
}
