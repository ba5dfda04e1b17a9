using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>What a failed call means to a person, and the exit code for it.</summary>
internal static class Failures
{
    public static Exception Of(RpcException call, Uri coordinator, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            return new OperationCanceledException(cancel);
        }

        for (Exception? cause = call.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException socket:
                    return new CliFailure(ExitCodes.Unreachable, $"no coordinator answers at {coordinator.Authority}: {socket.Message}. Is rpi-coordinator.service running there? Another is named with --coordinator", call);
                case AuthenticationException trust:
                    return new CliFailure(ExitCodes.Refused, $"no trust between this operator and {coordinator.Authority}: {trust.Message}", call);
                case IOException when call.StatusCode is StatusCode.Unavailable or StatusCode.Internal:
                    return new CliFailure(ExitCodes.Unreachable, $"the connection to {coordinator.Authority} broke: {cause.Message}. If it breaks at once, the coordinator refuses the operator's certificate; its journal says why", call);
                default:
                    break;
            }
        }

        string detail = call.Status.Detail.Length > 0 ? call.Status.Detail : call.StatusCode.ToString();
        return call.StatusCode switch
        {
            StatusCode.InvalidArgument or StatusCode.OutOfRange => new CliFailure(ExitCodes.Usage, detail, call),
            StatusCode.Unavailable => new CliFailure(ExitCodes.Unreachable, detail, call),
            StatusCode.DeadlineExceeded => new CliFailure(ExitCodes.Unreachable, $"the coordinator at {coordinator.Authority} did not answer in time", call),
            StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss => new CliFailure(ExitCodes.Bug, detail, call),
            StatusCode.Unimplemented => new CliFailure(ExitCodes.Refused, $"the coordinator at {coordinator.Authority} does not know this command: {detail}", call),
            _ => new CliFailure(ExitCodes.Refused, detail, call),
        };
    }
}
