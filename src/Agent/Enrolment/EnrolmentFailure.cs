using System.Security.Authentication;
using Grpc.Core;

namespace RpiAgent.Agent.Enrolment;

/// <summary>How a try to enrol, renew or confirm ended without success.</summary>
/// <param name="Fatal">Trying again cannot help: a person must act.</param>
internal sealed record EnrolmentFailure(string Reason, bool Fatal)
{
    /// <summary>Sorts what a gRPC call threw. A server we refused, and a refusal with a reason, are final; everything else may pass.</summary>
    public static EnrolmentFailure From(RpcException fault, Uri coordinator)
    {
        if (Refusal(fault) is AuthenticationException refused)
        {
            return new EnrolmentFailure($"{coordinator}: {refused.Message}", true);
        }

        bool fatal = fault.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.InvalidArgument
            or StatusCode.FailedPrecondition or StatusCode.NotFound or StatusCode.Unimplemented;
        string text = fault.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.DeadlineExceeded
            ? $"{coordinator} cannot be reached: {Innermost(fault)}"
            : $"{coordinator} refused: {fault.Status.Detail}";
        return new EnrolmentFailure(text, fatal);
    }

    /// <summary>Only our own check of the server's certificate speaks of a refusal.</summary>
    private static AuthenticationException? Refusal(Exception fault)
    {
        for (Exception? inner = (fault as RpcException)?.Status.DebugException ?? fault; inner is not null; inner = inner.InnerException)
        {
            if (inner is AuthenticationException { InnerException: null } reason && reason.Message.StartsWith("the server is refused", StringComparison.Ordinal))
            {
                return reason;
            }
        }

        return null;
    }

    private static string Innermost(RpcException fault)
    {
        Exception? inner = fault.Status.DebugException;
        while (inner?.InnerException is Exception deeper)
        {
            inner = deeper;
        }

        return inner?.Message ?? fault.Status.Detail;
    }
}
