using System.Security.Cryptography;
using Grpc.Core;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Renews this node's certificate in time, and when its address is a new one, by showing the present one; later handshakes take the new one.</summary>
internal sealed partial class RenewalLoop(
    IdentityStore store, BoardReader boards, CoordinatorClient coordinator, TrustClock clock, TimeProvider time, ILogger<RenewalLoop> logger)
{
    private readonly ILogger<RenewalLoop> _logger = logger;

    /// <param name="renewed">Told after each renewal: Consul's token or the wanted configuration may be new.</param>
    /// <param name="node">This node as it is now: orders change what it was told.</param>
    /// <param name="address">The node's IPv4; empty while it has none, or is trying one.</param>
    public async Task RunAsync(Func<EnrolledNode> node, Func<string> address, LiveCredentials live, ClusterTls tls, Action<EnrolledNode> renewed, CancellationToken cancel)
    {
        int failures = 0;
        long? last = null;
        string asked = "";
        while (!cancel.IsCancellationRequested)
        {
            EnrolledNode current = node();
            DateTimeOffset due = RenewalSchedule.DueAt(current.Credentials.NotBefore, current.Credentials.NotAfter);
            await Task.Delay(RenewalSchedule.Sleep(due, clock.Now), time, cancel);
            try
            {
                string own = address();
                bool isMoved = RenewalSchedule.IsMoved(current.Credentials.Certificate, own, asked);
                TimeSpan rested = last is { } stamp ? time.GetElapsedTime(stamp) : TimeSpan.MaxValue;
                if (!RenewalSchedule.IsDue(due, clock.Now, isMoved, rested, failures))
                {
                    continue;
                }

                EnrolledNode next = await RenewAsync(node, live, tls, cancel);
                failures = 0;
                asked = own;
                renewed(next);
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)      // whatever it was: a node that stops renewing is lost
            {
                failures++;
                string reason = fault is RpcException call ? EnrolmentFailure.From(call, current.Saved.Coordinator).Reason : fault.Message;
                LogFailed(reason, current.Credentials.NotAfter);
            }

            last = time.GetTimestamp();
        }
    }

    /// <summary>One renewal: new key, same id.</summary>
    /// <param name="isMoved">The card was moved into this board for good.</param>
    public async Task<EnrolledNode> RenewAsync(Func<EnrolledNode> current, LiveCredentials live, ClusterTls tls, CancellationToken cancel, bool isMoved = false)
    {
        EnrolledNode node = current();
        Board board = boards.Read();
        OwnRoute route = await RouteProbe.ToAsync(node.Saved.Coordinator, cancel);
        using ECDsa key = store.PrepareKey(board);
        EnrolReply reply = await coordinator.RenewAsync(
            node.Saved.Coordinator,
            tls,
            new EnrolRequest
            {
                CsrPem = CredentialFiles.RequestFor(key),
                Hardware = board.ToWire(),
                CurrentAddress = route.Address,
                CurrentInterface = route.Interface,
                AdoptHardware = isMoved,
            },
            cancel);
        EnrolledNode renewed = Reply.Save(store, reply, node.Saved.Coordinator, board, node.Credentials.Authority, clock, isRenewal: true);
        live.Replace(renewed.Credentials);
        LogRenewed(renewed.Credentials.NotAfter);
        return renewed;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Renewed the certificate; valid until {NotAfter:u}")]
    private partial void LogRenewed(DateTimeOffset notAfter);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Cannot renew the certificate (valid until {NotAfter:u}), trying on: {Reason}")]
    private partial void LogFailed(string reason, DateTimeOffset notAfter);
}
