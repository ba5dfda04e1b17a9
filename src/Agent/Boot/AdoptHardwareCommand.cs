using System.CommandLine;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// <c>rpi-agent adopt-hardware</c>: the card was moved into this board for good. The coordinator agrees only when the node's old board is gone
/// and this one is no other node's; the node's key proves the rest.
/// </summary>
internal static class AdoptHardwareCommand
{
    public static Command Create()
    {
        Option<bool> sure = new("--yes") { Description = "Do it; without, only say what would be done." };
        Command command = new("adopt-hardware", "Bind this card's identity to the board it is in now, when its old board is gone.") { sure };
        command.SetAction((parsed, cancel) => RunAsync(AgentConfiguration.ReadOptions(AgentConfiguration.Load()), parsed.GetValue(sure), Console.Error, cancel));
        return command;
    }

    /// <returns>An exit code of sysexits.</returns>
    internal static async Task<int> RunAsync(AgentOptions options, bool sure, TextWriter words, CancellationToken cancel)
    {
        IdentityStore store = new(options);
        BoardReader boards = new(options);
        if (store.LoadWherever() is not { } node)
        {
            words.WriteLine("There is no identity on this card. It enrols with the join token in its boot file.");
            return ExitCodes.Refused;
        }

        if (!sure)
        {
            // The coordinator may know more, or less, of the board than this card does.
            words.WriteLine(CloneCheck.Refuse(node.Saved.Board, boards.Read()) is null
                ? $"This looks like the board that {node.Spec.Name} was enrolled on. Add --yes to have the coordinator note it as it is now."
                : $"This would make this board {node.Spec.Name} in place of the board {Text(node.Saved.Board)}, which must be off. Add --yes to do it.");
            return ExitCodes.Usage;
        }

        try
        {
            await AdoptAsync(options, store, boards, node, cancel);
        }
        catch (Exception e) when (e is RpcException or EnrolmentException)
        {
            words.WriteLine(e is RpcException call ? EnrolmentFailure.From(call, node.Saved.Coordinator).Reason : e.Message);
            return e is RpcException { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded } ? ExitCodes.Unreachable : ExitCodes.Refused;
        }

        await Quarantine.EndAsync(options, new CommandRunner(TimeProvider.System), wasStopped: false, cancel);
        words.WriteLine($"This board is {node.Spec.Name} now. Go on with: systemctl restart rpi-agent");
        return ExitCodes.Ok;
    }

    private static string Text(Board board) => board.Serial.Length > 0 ? $"with serial {board.Serial}" : $"with MAC {board.Mac}";

    private static async Task AdoptAsync(AgentOptions options, IdentityStore store, BoardReader boards, EnrolledNode node, CancellationToken cancel)
    {
        ClockProbe probe = new(options);
        TrustClock clock = new(TimeProvider.System, probe.IsSynchronised);
        clock.NotBefore(probe.Floor());
        LiveCredentials live = new(node.Credentials);
        ClusterTls tls = new(live, clock, NullLogger<ClusterTls>.Instance);
        RenewalLoop renewal = new(store, boards, new CoordinatorClient(clock, TimeProvider.System), clock, TimeProvider.System, NullLogger<RenewalLoop>.Instance);
        await renewal.RenewAsync(() => node, live, tls, cancel, isMoved: true);
    }
}
